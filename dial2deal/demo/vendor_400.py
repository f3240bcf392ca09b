"""Call exports as a Chinese 400-number platform writes them: GB18030 CSV, two header variants over time."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable
from pathlib import Path

from dial2deal.demo.calls import Call
from dial2deal.demo.delivery import FileTruth, Landing, workbook
from dial2deal.demo.scenario import BUSINESS_LINES, DAY, agents

SOURCE = "generic_400"

# canonical column: header of the older platform version, header of the newer one
HEADERS = {
    "call_id": ("通话ID", "话单ID"),
    "direction": ("呼叫类型", "通话类型"),
    "customer_number": ("客户号码", "客户电话"),
    "own_number": ("400号码", "接入号码"),
    "started_at": ("开始时间", "通话开始时间"),
    "answered_at": ("接通时间", "应答时间"),
    "ended_at": ("结束时间", "挂机时间"),
    "ivr_seconds": ("IVR时长", "IVR时长(秒)"),
    "queue_seconds": ("排队时长", "排队时长(秒)"),
    "ring_seconds": ("振铃时长", "振铃时长(秒)"),
    "talk_seconds": ("通话时长", "时长(秒)"),
    "acw_seconds": ("话后时长", "话后时长(秒)"),
    "tech_result": ("通话状态", "呼叫结果"),
    "is_connected": ("是否接通", "是否接通"),
    "business_result": ("业务结果", "业务结果"),
    "agent_id": ("坐席工号", "座席工号"),
    "agent_name": ("坐席姓名", "座席姓名"),
    "skill_group": ("技能组", "技能组"),
    "line_id": ("中继线路", "线路"),
    "carrier": ("运营商", "运营商"),
    "region_province": ("省份", "归属省份"),
    "region_city": ("城市", "归属城市"),
    "hangup_side": ("挂机方", "挂机方"),
    "csat_score": ("满意度", "满意度"),
    "recording_ref": ("录音文件", "录音地址"),
    "notes": ("备注", "备注"),
}
COLUMNS = tuple(HEADERS)
_DIRECTION = (
    {"inbound": "呼入", "outbound": "呼出", "internal": "内部"},
    {"inbound": "来电", "outbound": "去电", "internal": "内部"},
)
_RESULT = {
    "connected": ("接通", "已接听"),
    "no_answer": ("无人接听", "未接听"),
    "busy": ("占线", "用户忙"),
    "rejected": ("拒接", "用户拒接"),
    "power_off": ("关机", "关机"),
    "out_of_service_area": ("无法接通", "暂时无法接通"),
    "arrears": ("停机", "停机"),
    "invalid_number": ("空号", "号码不存在"),
    "voicemail": ("语音信箱", "语音信箱"),
    "platform_blocked": ("平台拦截", "频次限制"),
    "line_fault": ("线路故障", "线路故障"),
    "abandoned_queue": ("排队放弃", "排队放弃"),
    "abandoned_ivr": ("IVR放弃", "IVR挂机"),
    "abandoned_ring": ("振铃放弃", "坐席未接"),
    "no_agent": ("坐席全忙", "无坐席"),
    "out_of_hours": ("非工作时间", "非工作时间"),
}
_HANGUP = {"agent": "坐席", "customer": "客户", "system": "系统", "": ""}
_AGENTS = agents()


class Renderer:
    """Turns calls into the platform's text. ``variant`` 0 is the older version, 1 the newer."""

    def __init__(self, first_day: dt.date):
        self._first_day = first_day
        self._dates: dict[tuple[int, int], str] = {}
        self._lengths: tuple[dict[int, str], dict[int, str]] = ({}, {})

    def header(self, variant: int) -> list[str]:
        return [names[variant] for names in HEADERS.values()]

    def row(self, call: Call, variant: int) -> list[str]:
        """The cells of one call, in the order of COLUMNS."""
        connected = call.connected
        agent = _AGENTS[call.agent] if call.agent is not None else None
        lengths = self._length
        # Some calls come without a region: it must then be found from the number.
        known = call.start % 17 != 0 or "*" in call.number
        # The newer version keeps the line breaks that agents type.
        notes = f"{call.notes}\n下次先看资料" if variant and call.notes and call.start % 23 == 0 else call.notes
        return [
            call.call_id,
            _DIRECTION[variant][call.direction],
            call.number,
            _dashed(call.own_number) if variant == 0 else call.own_number,
            self.time(call.start, variant),
            self.time(call.answered, variant) if connected else "",
            self.time(call.ended, variant),
            lengths(call.ivr, variant),
            lengths(call.queue, variant),
            lengths(call.ring, variant),
            self._talk(call.talk, variant),
            lengths(call.acw, variant),
            _RESULT[call.result][variant],
            "是" if connected else "否",
            call.business_result,
            agent.agent_id if agent else "",
            agent.name if agent else "",
            f"{call.line.name}组" if call.line else "",
            *call.trunk,
            call.province if known else "",
            call.city if known else "",
            _HANGUP[call.hangup],
            str(call.csat) if call.csat else "",
            f"rec/{call.call_id[2:10]}/{call.call_id}.mp3" if connected else "",
            notes,
        ]

    def time(self, seconds: int, variant: int) -> str:
        """Local wall time: 2026-03-05 08:03:05, in the newer version 2026/3/5 8:03:05."""
        day, rest = divmod(seconds, DAY)
        date = self._dates.get((day, variant))
        if date is None:
            value = self._first_day + dt.timedelta(days=day)
            date = value.isoformat() if variant == 0 else f"{value.year}/{value.month}/{value.day}"
            self._dates[day, variant] = date
        hour = rest // 3600
        clock = f"{rest // 60 % 60:02d}:{rest % 60:02d}"
        return f"{date} {hour:02d}:{clock}" if variant == 0 else f"{date} {hour}:{clock}"

    def _length(self, seconds: int, variant: int) -> str:
        return str(seconds) if variant else self._talk(seconds, 0)

    def _talk(self, seconds: int, variant: int) -> str:
        cache = self._lengths[variant]
        text = cache.get(seconds)
        if text is None:
            text = f"{seconds}秒" if variant else f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
            cache[seconds] = text
        return text


class CallFile:
    """One CSV being written. Repeated rows and rows already delivered are counted as the loader must count them."""

    def __init__(
        self,
        landing: Landing,
        renderer: Renderer,
        name: str,
        variant: int,
        delivered: dt.datetime,
        *,
        title: str = "",
        totals: bool = False,
        footer: bool = False,
    ):
        self.truth = FileTruth(SOURCE, "calls", name, encoding="gb18030")
        self._landing, self._renderer, self._variant, self._delivered = landing, renderer, variant, delivered
        self._totals, self._footer = totals, footer
        self._path = landing.path(SOURCE, "calls", name)
        self._stream = self._path.open("w", encoding="gb18030", newline="")
        self._csv = csv.writer(self._stream, lineterminator="\r\n")
        if title:
            self._stream.write(title + "\r\n")
        self._csv.writerow(renderer.header(variant))
        self._talk = 0

    def write(self, calls: Iterable[Call], *, delivered_before: int = 0, repeat_every: int = 0) -> None:
        """Append calls. ``delivered_before`` rows of them equal rows of an earlier file; every
        ``repeat_every``-th call is written twice."""
        row, variant, writer = self._renderer.row, self._variant, self._csv
        count = repeated = 0
        for call in calls:
            cells = row(call, variant)
            writer.writerow(cells)
            count += 1
            self._talk += call.talk
            if repeat_every and count % repeat_every == 0:
                writer.writerow(cells)
                repeated += 1
            day = call.start // DAY
            self.truth.saw(self._renderer._first_day + dt.timedelta(days=day))
        self.truth.rows_read += count + repeated
        self.truth.rows_duplicate += delivered_before + repeated

    def write_cells(self, cells: list[str]) -> None:
        """Append one row as given."""
        self._csv.writerow(cells)
        self.truth.rows_read += 1

    def damage(self, near: Call) -> None:
        """Rows no loader can read: a lossy number, an impossible time, lines too short and too long; and copies of
        ``near`` with stray quotes in the note, one never closed, which may be repaired or quarantined."""
        cells = self._renderer.row(near, self._variant)
        broken: list[tuple[str, str]] = []
        for name, column, text in (
            ("lossy_number", "customer_number", "1.38001E+10"),
            ("bad_time", "started_at", "2026-13-45 99:99:99"),
        ):
            changed = list(cells)
            changed[0] = f"{cells[0]}-{len(broken)}"
            changed[COLUMNS.index(column)] = text
            broken.append((name, ",".join(changed)))
        broken.append(("too_few_fields", ",".join([f"{cells[0]}-2", *cells[1:5]])))
        broken.append(("too_many_fields", ",".join([f"{cells[0]}-3", *cells[1:], "多余", "多余", "多余"])))
        for name, line in broken:
            self._stream.write(line + "\r\n")
            self.truth.quarantined[name] = self.truth.quarantined.get(name, 0) + 1
        for note in ('客户说"下周"再联系', '"客户说下周再联系'):
            self._stream.write(",".join([*cells[:-1], note]) + "\r\n")
            self.truth.rows_either_way += 1
        self.truth.rows_read += len(broken) + 2

    def close(self) -> FileTruth:
        """Write the totals line and the footer, date the file and hand back what it holds."""
        if self._totals:
            width = len(COLUMNS)
            cells = ["合计", f"共{self.truth.rows_read}通"] + [""] * (width - 2)
            cells[COLUMNS.index("talk_seconds")] = str(self._talk)
            self._csv.writerow(cells)
            self.truth.rows_total_line += 1
        if self._footer:
            self._csv.writerow([f"导出时间：{self._delivered:%Y-%m-%d %H:%M:%S}"])
            self.truth.rows_total_line += 1
        self._stream.close()
        return self._landing.delivered(self._path, self._delivered, self.truth)


def write_wrong_columns(
    landing: Landing, renderer: Renderer, name: str, delivered: dt.datetime, calls: list[Call]
) -> FileTruth:
    """A day's file whose start and end have changed places and whose talk time is in milliseconds: to be held."""
    file = CallFile(landing, renderer, name, 1, delivered)
    start, end, talk = (COLUMNS.index(c) for c in ("started_at", "ended_at", "talk_seconds"))
    for call in calls:
        cells = renderer.row(call, 1)
        cells[start], cells[end] = cells[end], cells[start]
        cells[talk] = f"{call.talk * 1000}秒"
        file.write_cells(cells)
        file.truth.saw(renderer._first_day + dt.timedelta(days=call.start // DAY))
    file.truth.status = "held"
    return file.close()


def write_unreadable(
    landing: Landing, renderer: Renderer, name: str, delivered: dt.datetime, calls: list[Call]
) -> FileTruth:
    """An xlsx that was cut off while it was copied."""
    content = workbook("通话记录", renderer.header(1), [renderer.row(call, 1) for call in calls])
    truth = FileTruth(SOURCE, "calls", name, encoding=None, status="failed")
    path = landing.path(SOURCE, "calls", name)
    path.write_bytes(content[: len(content) * 6 // 10])
    return landing.delivered(path, delivered, truth)


def write_agents(landing: Landing, delivered: dt.datetime) -> None:
    """The platform's list of agents."""
    rows = [
        [
            a.agent_id,
            a.name,
            a.team,
            "电销中心",
            f"{a.business_line.name}组",
            a.hired_on.isoformat(),
            "",
            "天津",
            a.mentor_id or "",
        ]
        for a in _AGENTS
    ]
    header = ["工号", "姓名", "班组", "部门", "技能组", "入职日期", "离职日期", "城市", "师傅工号"]
    _write_list(landing, "agents", f"坐席列表_{delivered:%Y%m%d_%H%M%S}.csv", header, rows, delivered)


def write_own_numbers(landing: Landing, delivered: dt.datetime) -> None:
    """Which number belongs to which business line."""
    rows = []
    for line in BUSINESS_LINES:
        rows += [[number, line.name, "400号码", "全国", "2021-01-01", ""] for number in line.hotlines]
        rows.append([line.local_number, line.name, "本地固话", "天津", "2021-01-01", ""])
    header = ["号码", "业务线", "号码类型", "地区", "启用日期", "停用日期"]
    _write_list(landing, "own_numbers", f"号码列表_{delivered:%Y%m%d_%H%M%S}.csv", header, rows, delivered)


def _write_list(
    landing: Landing, feed: str, name: str, header: list[str], rows: list[list[str]], delivered: dt.datetime
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([header, *rows])
    path: Path = landing.path(SOURCE, feed, name)
    path.write_bytes(text.getvalue().encode("gb18030"))
    landing.delivered(path, delivered, FileTruth(SOURCE, feed, name, encoding="gb18030", rows_read=len(rows)))


def _dashed(number: str) -> str:
    if number.startswith("400"):
        return f"{number[:3]}-{number[3:6]}-{number[6:]}"
    return f"{number[:3]}-{number[3:]}" if number else ""
