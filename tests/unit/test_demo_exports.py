"""The demo's files hold exactly what demo_truth.json says, read back by plain Python."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from math import sqrt

import pytest

from dial2deal.demo import DemoError, write_exports
from dial2deal.demo.people import Numbers
from dial2deal.demo.scenario import LEADS_PER_CALL, MOST_LEADS
from dial2deal.demo.world import lead_share
from dial2deal.settings import Settings
from tests.demo_reader import CHANNEL_OF, KIND_OF, DemoReader, cents, moment, seconds, tier
from tests.helpers import tree

DAYS, CALLS_PER_DAY = 91, 240


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    write_exports(Settings(home=folder), days=DAYS, calls_per_day=CALLS_PER_DAY)
    return folder


@pytest.fixture(scope="module")
def reader(home):
    return DemoReader(home)


@pytest.fixture(scope="module")
def truth(reader):
    return reader.truth


@pytest.fixture(scope="module")
def calls(reader):
    return reader.calls()


def test_same_arguments_give_the_same_bytes_and_times(home, tmp_path):
    code = (
        "import sys; from pathlib import Path; from dial2deal.demo import write_exports; "
        "from dial2deal.settings import Settings; "
        f"write_exports(Settings(home=Path(sys.argv[1])), days={DAYS}, calls_per_day={CALLS_PER_DAY})"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "America/New_York"},
    )
    assert tree(tmp_path) == tree(home)
    times = [
        {p.relative_to(base): p.stat().st_mtime for p in (base / "landing").rglob("*") if p.is_file()}
        for base in (home, tmp_path)
    ]
    assert times[0] == times[1]


def test_another_seed_gives_other_calls(home, tmp_path):
    write_exports(Settings(home=tmp_path), days=28, calls_per_day=60, seed=1)
    first = hashlib.sha256((tmp_path / "demo_truth.json").read_bytes()).hexdigest()
    write_exports(Settings(home=tmp_path), days=28, calls_per_day=60, seed=2)
    assert hashlib.sha256((tmp_path / "demo_truth.json").read_bytes()).hexdigest() != first


def test_calls_by_day_direction_line_and_talk(calls, truth):
    expected = truth["calls"]
    assert len(calls) == expected["total"]
    by_day: dict = defaultdict(Counter)
    talk: dict = defaultdict(Counter)
    histogram, tiers, numbers, agents = Counter(), Counter(), Counter(), Counter()
    for call in calls.values():
        day = call["start"].date().isoformat()
        by_day[day][call["direction"]] += 1
        numbers[call["own"] or "none"] += 1
        if call["agent"]:
            agents[call["agent"], "connected" if call["connected"] else "not_connected"] += 1
        if call["connected"]:
            talk[day][call["direction"]] += call["talk"]
            histogram[call["line"], call["direction"], str(call["talk"])] += 1
            if call["line"] != "none":
                tiers[call["line"], call["direction"], tier(call["line"], call["talk"])] += 1
    assert by_day == expected["by_date_direction"]
    assert talk == expected["by_talk_seconds"]
    assert numbers == expected["by_own_number"]
    assert histogram == _flat(expected["by_histogram"])
    assert tiers == _flat(expected["by_tiers"])
    assert agents == _flat(expected["by_agent_connected"])


def test_every_boundary_second_is_there_for_both_lines_and_directions(calls):
    seen = {(c["line"], c["direction"], c["talk"]) for c in calls.values() if c["connected"]}
    wanted = {
        (line, direction, talk)
        for line in ("企业服务", "课程培训")
        for direction in ("inbound", "outbound")
        for talk in (29, 30, 31, 59, 60, 61, 299, 300, 301, 420, 421, 599, 600, 601, 840, 841, 1200, 1201)
    }
    assert not wanted - seen


def test_rows_of_each_call_file(reader, truth):
    seen: set = set()
    variants = set()
    for file in reader.files("calls"):
        rows, other = reader.rows(file)
        duplicates = bad = 0
        for row in rows:
            broken = "E+" in list(row.values())[2] or "13-45" in list(row.values())[4]
            bad += broken
            line = tuple(row.items())
            duplicates += not broken and line in seen
            if not broken:
                seen.add(line)
        variants.add(tuple(rows[0]))
        assert file["rows_read"] == len(rows) + other["ragged"] + other["unclosed_quote"]
        assert file["rows_quarantined"] == bad + other["ragged"]
        assert file["rows_duplicate"] == duplicates
        assert file["rows_total_line"] == other["totals"]
        assert file["rows_either_way"] == 2 * other["unclosed_quote"]
    assert len(variants) == 2
    assert sum(file["rows_quarantined"] for file in truth["files"]) == 8
    assert sum(file["rows_duplicate"] > 100 for file in truth["files"]) > 3


def test_held_file_cannot_be_true_and_its_day_is_nowhere_else(reader, calls, truth):
    held = truth["planted"]["held"]
    (file,) = reader.files("calls", ("held",))
    rows, _ = reader.rows(file)
    assert file["path"] == held["path"]
    assert len(rows) == held["calls"] == file["rows_read"]
    assert all(moment(row["通话开始时间"]) >= moment(row["挂机时间"]) for row in rows)
    assert held["date"] not in {call["start"].date().isoformat() for call in calls.values()}


def test_unreadable_file_and_copy(reader, home):
    (broken,) = reader.files("calls", ("failed",))
    content = (home / "landing" / broken["path"]).read_bytes()
    assert content.startswith(b"PK")
    assert b"PK\x05\x06" not in content, "a whole workbook ends with its directory"
    (copy,) = reader.files("calls", ("copy",))
    landing = home / "landing"
    assert (landing / copy["path"]).read_bytes() == (landing / copy["copy_of"]).read_bytes()


def test_redelivery_stretches_known_calls(reader, calls, truth):
    planted = truth["planted"]["redelivery"]
    paths = [file["path"] for file in reader.files("calls")]
    later = paths.index(planted["path"])
    before = {}
    for file in reader.files("calls")[:later]:
        for row in reader.rows(file)[0]:
            before[next(iter(row.values()))] = row
    ids = planted["changed_call_ids"]
    assert len(ids) == planted["changed_calls"] > 0
    for call_id in ids:
        old = next(v for k, v in before[call_id].items() if k in ("通话时长", "时长(秒)"))
        assert calls[call_id]["talk"] == seconds(old) + 300
    total = sum(
        c["talk"] for c in calls.values() if c["connected"] and c["start"].date().isoformat() == planted["date"]
    )
    assert total == planted["talk_seconds_after"] > planted["talk_seconds_before"]


def _sold(order: dict) -> bool:
    """Paid for, even if the money went back on a later day."""
    kept = order["订单状态"] in ("已完成", "已付款")
    return kept or (
        order["订单状态"] == "已退款" and moment(order["更新时间"]).date() > moment(order["下单时间"]).date()
    )


def test_leads_orders_and_costs(reader, truth):
    leads = reader.latest("leads", "线索编号")
    assert len(leads) == truth["leads"]["total"]
    months = Counter((moment(x["创建时间"]).strftime("%Y-%m"), CHANNEL_OF[x["线索来源"]]) for x in leads.values())
    assert months == _flat(truth["leads"]["by_month_channel"])
    assert Counter(x["线索状态"] for x in leads.values()) == truth["leads"]["by_status"]

    by_number = {x["手机号"]: x for x in leads.values()}
    orders = reader.latest("orders", "订单编号")
    revenue, count, how = Counter(), Counter(), Counter()
    for order in orders.values():
        if not _sold(order):
            continue
        lead = leads.get(order["线索编号"]) or by_number.get(order["客户电话"])
        channel = CHANNEL_OF[lead["线索来源"] if lead else order["渠道"]]
        key = moment(order["下单时间"]).strftime("%Y-%m"), channel
        revenue[key] += cents(order["订单金额"])
        if order["订单状态"] == "已退款":
            revenue[moment(order["更新时间"]).strftime("%Y-%m"), channel] -= cents(order["订单金额"])
        count[key] += 1
        how[
            "lead_id" if order["线索编号"] else "last_touch" if lead else "export" if order["渠道"] else "unattributed"
        ] += 1
    assert len(orders) == truth["orders"]["total"]
    assert revenue == _flat(truth["orders"]["revenue_by_month_channel_cents"])
    assert count == _flat(truth["orders"]["by_month_channel"])
    assert how == truth["orders"]["by_attribution"]
    assert set(how) == {"lead_id", "last_touch", "export", "unattributed"}

    costs: Counter = Counter()
    for file in reader.files("channel_costs"):
        for row in reader.rows(file)[0]:
            month = row["费用月份"].replace("年", "-").replace("月", "").replace("/", "-").split("-")
            key = f"{month[0]}-{int(month[1]):02d}", CHANNEL_OF[row["渠道"]], KIND_OF[row["费用类型"]]
            costs[key] += cents(row["金额"])
    assert costs == _flat(truth["costs"]["by_month_channel_kind_cents"])


def test_funnel_from_calls_events_and_orders(reader, calls, truth):
    """Recomputed from the files by the definitions of the two presets."""
    leads = reader.latest("leads", "线索编号")
    facts: dict = defaultdict(set)
    by_number = {x["手机号"]: key for key, x in leads.items() if x["手机号"].isdigit()}
    for call in calls.values():
        lead = by_number.get(call["number"])
        if lead and call["result"] not in ("平台拦截", "频次限制"):
            facts[lead].add("dial")
            if call["connected"]:
                facts[lead] |= {"connect", "reach"}
                if tier(call["line"], call["talk"]).startswith("A"):
                    facts[lead].add("intent")
    stage_of = {
        "意向确认": {"intent"},
        "需求挖掘": {"need_discovery"},
        "方案报价": {"proposal"},
        "需求确认": {"need_confirmed", "need_discovery"},
    }
    for file in reader.files("lead_events"):
        for row in reader.rows(file)[0]:
            facts[row["线索编号"]] |= stage_of.get(row["阶段"], set())
    lead_of_customer = {x["客户编号"]: key for key, x in leads.items() if x["客户编号"]}
    won = Counter()
    for order in reader.latest("orders", "订单编号").values():
        lead = order["线索编号"] or by_number.get(order["客户电话"])
        if _sold(order) and lead:
            won[lead] += 1
    for lead, orders in won.items():
        facts[lead] |= {"deal"} | ({"repurchase"} if orders > 1 else set())
    for lead in leads.values():
        if lead["推荐人客户ID"]:
            facts[lead_of_customer[lead["推荐人客户ID"]]].add("repurchase")
    for preset in ("six_stage", "five_stage"):
        stages = truth["funnel"][preset]["stages"]
        counted: Counter = Counter()
        for key, lead in leads.items():
            created = moment(lead["创建时间"]).date()
            week = (created - dt.timedelta(days=created.weekday())).isoformat()
            channel = CHANNEL_OF[lead["线索来源"]]
            counted[week, channel, "entered"] += 1
            furthest = max((n for n, stage in enumerate(stages) if stage in facts[key]), default=-1)
            for n, stage in enumerate(stages):
                counted[week, channel, stage] += n <= furthest
        assert counted == _flat(truth["funnel"][preset]["by_week_channel"])


def test_planted_chances_came_true(truth):
    for name, channel in truth["conversion"]["by_channel"].items():
        for step in ("intent_given_connect", "discovery_given_intent"):
            low, high = _wilson(channel[step]["k"], channel[step]["n"], 3.9)
            assert low <= channel[step]["planted"] <= high, (name, step, channel[step])


def test_stages_end_before_the_horizon(reader):
    leads = reader.latest("leads", "线索编号")
    for order in reader.latest("orders", "订单编号").values():
        if order["线索编号"]:
            created = moment(leads[order["线索编号"]]["创建时间"])
            assert dt.timedelta(0) < moment(order["下单时间"]) - created < dt.timedelta(days=85)


def test_pool_of_hot_callers(calls, truth):
    pool = truth["calls"]["pool"]
    first = dt.date.fromisoformat(pool["first_day"])
    assert (dt.date.fromisoformat(truth["last_date"]) - first).days == pool["days"] - 1
    callers = defaultdict(list)
    for call in calls.values():
        if call["number"].replace("-", "").isdigit() and call["direction"] != "internal":
            callers[call["number"]].append(call)
    found = {}
    for mine in callers.values():
        hot = [c for c in mine if c["connected"] and tier(c["line"], c["talk"]).startswith("A")]
        recent = [c for c in hot if c["start"].date() >= first]
        if recent:
            last = max(recent, key=lambda c: c["start"])
            edge = last["start"].date() - dt.timedelta(days=pool["repeat_days"])
            found[last["id"]] = (
                sum(c["start"].date() > edge and c["direction"] == "inbound" for c in mine),
                sum(
                    c["start"].date() > edge
                    and c["direction"] == "outbound"
                    and c["result"] not in ("平台拦截", "频次限制")
                    for c in mine
                ),
                sum(c["start"].date() > edge for c in hot),
                last["talk"],
            )
    assert found == {
        c["last_hot_call_id"]: (c["calls"], c["attempts"], c["hot_calls"], c["last_hot_seconds"])
        for c in pool["callers"]
    }


def test_offences(calls, truth):
    planted = truth["planted"]
    dials = Counter(
        (c["number"], c["start"].date().isoformat()) for c in calls.values() if c["direction"] == "outbound"
    )
    for offence in planted["cap_violations"]:
        mask = offence["phone_masked"]
        assert any(
            n >= offence["calls"] > 3
            for (number, day), n in dials.items()
            if day == offence["date"] and number[:3] + "****" + number[-4:] == mask
        )
    assert planted["cap_violations"]
    for offence in planted["dnc_violations"]:
        assert offence["asked_on"] < offence["date"]
    sensitive = [
        c
        for c in calls.values()
        if c["notes"].split("\n")[0] in ("已告知客户保证收益", "承诺绝对有效，包过", "说明稳赚不赔，保本保息")
    ]
    assert len(sensitive) == planted["sensitive_calls"] > 10
    assert {c["agent"] for c in sensitive} == {planted["sensitive_agent_id"]}


def test_no_real_number(calls):
    """Four equal digits after the first three, or a made-up exchange: nobody is called by accident."""
    for call in calls.values():
        number = call["number"]
        if number.isdigit() and len(number) == 11:
            assert len(set(number[3:7])) == 1, number
        elif "-" in number:
            assert number.split("-")[1].startswith("5000"), number


def test_plain_is_one_clean_file(tmp_path):
    truth = write_exports(Settings(home=tmp_path), days=28, calls_per_day=100, plain=True)
    (file,) = [f for f in truth["files"] if f["feed"] == "calls"]
    assert file["rows_read"] == truth["calls"]["total"]
    assert not file["rows_duplicate"]
    assert not file["rows_quarantined"]


def test_numbers_of_leads_never_repeat_and_suffice():
    """Also where the demo is so large that it has to do with fewer leads per call."""
    assert lead_share(180_000) == LEADS_PER_CALL
    assert lead_share(5_000_000) * 5_000_000 == pytest.approx(MOST_LEADS)
    numbers = Numbers(random.Random(3))
    assert len({numbers.new("lead")[0] for _ in range(MOST_LEADS)}) == MOST_LEADS


def test_real_exports_are_left_alone(tmp_path):
    settings = Settings(home=tmp_path).ensure()
    real = settings.landing / "generic_400" / "calls" / "real.csv"
    real.parent.mkdir(parents=True)
    real.write_text("x")
    with pytest.raises(DemoError, match=r"real\.csv"):
        write_exports(settings, days=28, calls_per_day=60)
    assert real.read_text() == "x"


def test_a_smaller_demo_replaces_a_larger_one(tmp_path):
    write_exports(Settings(home=tmp_path), days=42, calls_per_day=60)
    truth = write_exports(Settings(home=tmp_path), days=28, calls_per_day=60)
    present = {p.relative_to(tmp_path / "landing").as_posix() for p in (tmp_path / "landing").rglob("*.*")}
    assert present == {file["path"] for file in truth["files"]}
    assert json.loads((tmp_path / "demo_truth.json").read_text(encoding="utf-8")) == truth


@pytest.mark.parametrize(("days", "calls_per_day"), [(5, 1500), (120, 3)])
def test_too_small_is_said(tmp_path, days, calls_per_day):
    with pytest.raises(DemoError, match="at least"):
        write_exports(Settings(home=tmp_path), days=days, calls_per_day=calls_per_day)


def _flat(nested: dict) -> Counter:
    """{a: {b: n}} → Counter of (a, b), zeros left out as Counter equality does."""
    result: Counter = Counter()

    def walk(level: dict, path: tuple) -> None:
        for key, value in level.items():
            if isinstance(value, dict):
                walk(value, (*path, key))
            else:
                result[(*path, key)] += value

    walk(nested, ())
    return result


def _wilson(k: int, n: int, z: float) -> tuple[float, float]:
    p = k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def test_agents_sheets_count_the_calls_but_for_the_planted_day(reader, calls, truth):
    (file,) = reader.files("agent_statistics")
    counted: dict = defaultdict(Counter)
    for call in calls.values():
        if call["agent"] and call["direction"] != "internal":
            way = "in" if call["direction"] == "inbound" else "out"
            counted[call["start"].date().isoformat(), call["agent"]].update(
                {way: 1, f"{way}_answered": call["connected"], "talk": call["talk"] if call["connected"] else 0}
            )
    differing = []
    for row in reader.rows(file)[0]:
        key = row["日期"], row["工号"]
        told = [int(row[name]) for name in ("呼入量", "呼入接听量", "呼出量", "呼出接通量")]
        told.append(seconds(row["通话时长"]))
        known = [int(counted[key][name]) for name in ("in", "in_answered", "out", "out_answered", "talk")]
        if told != known:
            differing.append([*key, *(a - b for a, b in zip(told, known, strict=True))])
    planted = truth["planted"]["statistics"]["agents"]["disagreement"]
    assert differing == [
        [planted["date"], planted["agent_id"], 0, 0, planted["calls"], planted["calls"], planted["talk_seconds"]]
    ]
