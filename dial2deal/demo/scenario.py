"""The invented company behind the demo exports: who works there, who calls, and how likely each step is.

These numbers describe a world, not rules of the product: the product must find them again in the exports.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

DAY = 86_400
DEFAULT_END_DATE = dt.date(2026, 6, 30)
DEFAULT_SEED = 20260105
LEADS_PER_CALL = 0.06
MOST_LEADS = 150_000


@dataclass(frozen=True)
class BusinessLine:
    """``high_above``: talk seconds above which a caller of this line is a hot one."""

    name: str
    tier_profile: str
    sector: str
    label_en: str
    hotlines: tuple[str, str]
    local_number: str
    high_above: int
    tier_edges: tuple[int, int]
    amounts: tuple[int, ...]
    repurchase: float


ENTERPRISE = BusinessLine(
    "企业服务",
    "b2b",
    "enterprise_services",
    "Enterprise services",
    ("4007000001", "4007000002"),
    "02258880001",
    600,
    (840, 1200),
    (8800, 12000, 15800, 24600, 36000),
    0.18,
)
COURSES = BusinessLine(
    "课程培训",
    "default",
    "education",
    "Courses",
    ("4008000001", "4008000002"),
    "02258880002",
    300,
    (420, 600),
    (1980, 2980, 4500, 6800, 9800),
    0.30,
)
BUSINESS_LINES = (ENTERPRISE, COURSES)


@dataclass(frozen=True)
class Channel:
    """Planted probabilities of one channel and what it costs (yuan per lead)."""

    name: str
    written_as: tuple[str, ...]
    share: float
    connect: float  # one dial is answered
    intent: float  # given that a dial was answered
    discovery: float  # given intent
    confirm: float  # given discovery, before the effect of the tier
    deal: float  # given a proposal
    cost_per_lead: int
    cost_kind: str


CHANNELS = (
    Channel("百度搜索", ("百度搜索", "百度推广", "百度SEM"), 0.24, 0.46, 0.48, 0.80, 0.42, 0.70, 380, "media"),
    Channel("抖音信息流", ("抖音信息流", "抖音广告"), 0.22, 0.38, 0.33, 0.78, 0.34, 0.64, 210, "media"),
    Channel("官网表单", ("官网表单", "官网留言"), 0.16, 0.52, 0.56, 0.82, 0.45, 0.72, 120, "media"),
    Channel("转介绍", ("转介绍", "老客转介绍", "老带新"), 0.10, 0.64, 0.76, 0.88, 0.62, 0.80, 60, "media"),
    Channel("线下活动", ("线下活动", "展会"), 0.10, 0.44, 0.50, 0.80, 0.42, 0.70, 260, "media"),
    Channel("名单采购", ("名单采购", "外购名单"), 0.18, 0.26, 0.14, 0.70, 0.26, 0.55, 300, "lead_purchase"),
)
BEST_CHANNEL, WORST_CHANNEL = "转介绍", "名单采购"
PROPOSAL_AFTER_NEED = 0.92
# The tier of the hottest call multiplies the chance that the need is confirmed.
TIER_EFFECT = {"A+": 1.35, "A": 1.0, "A-": 0.75, None: 0.8}

# City, province, weight, real mobile prefixes whose last four digits are equal: valid, yet plainly invented.
CITIES = (
    (
        "天津",
        "天津",
        0.40,
        (
            "1302222",
            "1329999",
            "1502222",
            "1512222",
            "1522222",
            "1552222",
            "1572222",
            "1582222",
            "1592222",
            "1822222",
            "1832222",
            "1852222",
            "1862222",
            "1872222",
        ),
    ),
    (
        "北京",
        "北京",
        0.12,
        (
            "1301111",
            "1331111",
            "1352222",
            "1361111",
            "1380000",
            "1381111",
            "1391111",
            "1501111",
            "1530000",
            "1531111",
            "1560000",
            "1561111",
        ),
    ),
    ("石家庄", "河北", 0.09, ("1520000", "1551111", "1843333", "1853333", "1923333", "1951111")),
    ("唐山", "河北", 0.07, ("1373333", "1393333", "1503333", "1523333", "1563333", "1873333")),
    ("济南", "山东", 0.08, ("1300000", "1318888", "1506666", "1558888", "1566666", "1596666")),
    ("上海", "上海", 0.08, ("1312222", "1320000", "1500000", "1846666", "1864444", "1889999")),
    ("杭州", "浙江", 0.06, ("1358888", "1366666", "1588888", "1598888", "1988888")),
    ("广州", "广东", 0.10, ("1314444", "1342222", "1350000", "1353333", "1354444", "1360000", "1362222", "1368888")),
)
LANDLINE_PREFIX = {
    "天津": "022",
    "北京": "010",
    "石家庄": "0311",
    "唐山": "0315",
    "济南": "0531",
    "上海": "021",
    "杭州": "0571",
    "广州": "020",
}

TEAMS = (
    ("企业一组", ENTERPRISE, range(10)),
    ("课程一组", COURSES, range(10, 17)),
    ("课程二组", COURSES, range(17, 24)),
)
SENSITIVE_AGENT = 6
SENSITIVE_NOTES = ("已告知客户保证收益", "承诺绝对有效，包过", "说明稳赚不赔，保本保息")


@dataclass(frozen=True)
class Agent:
    agent_id: str
    name: str
    team: str
    business_line: BusinessLine
    hired_on: dt.date
    mentor_id: str | None


def agents() -> tuple[Agent, ...]:
    """The 24 agents, in the order of their ids 8001 to 8024."""
    people = []
    for team, line, members in TEAMS:
        for n in members:
            hired = dt.date(2021, 1, 4) + dt.timedelta(days=77 * n)
            mentor = f"{8001 + members[0]}" if n - members[0] >= 5 else None
            people.append(Agent(f"{8001 + n}", f"测试坐席{n + 1:02d}", team, line, hired, mentor))
    return tuple(people)


# Trunk, carrier, share of dials. Trunk 3 towards Shanghai and Zhejiang jams between 15 and 16 o'clock.
TRUNKS = (("TJ-01", "电信", 0.40), ("TJ-02", "联通", 0.35), ("TJ-03", "移动", 0.25))
CONGESTION = {"line_id": "TJ-03", "provinces": ("上海", "浙江"), "hour": 15, "connect_factor": 0.35}

# Share of a day's calls by hour of local time.
OUTBOUND_HOURS = {9: 10, 10: 14, 11: 11, 12: 3, 13: 7, 14: 12, 15: 13, 16: 12, 17: 8, 18: 4, 19: 4, 20: 2}
INBOUND_HOURS = {
    7: 1,
    8: 4,
    9: 10,
    10: 13,
    11: 11,
    12: 6,
    13: 7,
    14: 10,
    15: 11,
    16: 10,
    17: 7,
    18: 4,
    19: 3,
    20: 2,
    21: 1,
}
CONNECT_BY_HOUR = {
    9: 0.95,
    10: 1.12,
    11: 1.05,
    12: 0.8,
    13: 0.9,
    14: 1.0,
    15: 1.0,
    16: 1.1,
    17: 1.0,
    18: 0.95,
    19: 1.1,
    20: 0.9,
}
DAY_FACTOR = {"workday": 1.22, "saturday": 0.62, "sunday": 0.38, "holiday": 0.3}

# Talk times that sit on a boundary of some tier or band.
BOUNDARY_SECONDS = (
    1,
    29,
    30,
    31,
    59,
    60,
    61,
    180,
    181,
    252,
    253,
    299,
    300,
    301,
    360,
    361,
    420,
    421,
    599,
    600,
    601,
    840,
    841,
    1200,
    1201,
)


def tier_of(line: BusinessLine, talk_seconds: int) -> str:
    """Tier that the documents give a connected call: A+, A, A-, B, C or D."""
    lower, upper = line.tier_edges
    if talk_seconds > line.high_above:
        return "A+" if talk_seconds > upper else "A" if talk_seconds > lower else "A-"
    return "B" if talk_seconds >= 60 else "C" if talk_seconds >= 30 else "D"


def day_kind(date: dt.date) -> str:
    """workday, saturday, sunday or holiday, with Chinese holidays and make-up workdays where they are known."""
    import chinese_calendar

    try:
        if chinese_calendar.is_workday(date):
            return "workday"
        if chinese_calendar.is_holiday(date) and date.weekday() < 5:
            return "holiday"
    except NotImplementedError:
        if date.weekday() < 5:
            return "workday"
    return {5: "saturday", 6: "sunday"}.get(date.weekday(), "holiday")
