"""The demo's landing files read by plain Python: an oracle that shares no code with the product or the generator."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import Counter
from pathlib import Path

import openpyxl

CHANNEL_OF = {
    "百度搜索": "百度搜索",
    "百度推广": "百度搜索",
    "百度SEM": "百度搜索",
    "抖音信息流": "抖音信息流",
    "抖音广告": "抖音信息流",
    "官网表单": "官网表单",
    "官网留言": "官网表单",
    "转介绍": "转介绍",
    "老客转介绍": "转介绍",
    "老带新": "转介绍",
    "线下活动": "线下活动",
    "展会": "线下活动",
    "线下展会": "线下活动",
    "名单采购": "名单采购",
    "外购名单": "名单采购",
    "": "unattributed",
}
DIRECTION = {"呼入": "inbound", "来电": "inbound", "呼出": "outbound", "去电": "outbound", "内部": "internal"}
LINE_OF = {
    "4007000001": "企业服务",
    "4007000002": "企业服务",
    "02258880001": "企业服务",
    "4008000001": "课程培训",
    "4008000002": "课程培训",
    "02258880002": "课程培训",
    "": "none",
}
KIND_OF = {
    "媒体投放": "media",
    "推广费": "media",
    "线索采购": "lead_purchase",
    "名单采购": "lead_purchase",
    "人力成本": "labour",
    "工资": "labour",
    "话费": "telephony",
    "线路费": "telephony",
    "系统费": "system",
    "软件费": "system",
}


def tier(line: str, seconds: int) -> str:
    """Tiers as documents and settlement X08 have them, for the two profiles of the demo."""
    if line == "企业服务":
        high = [(1200, "A+"), (840, "A"), (600, "A-")]
    else:
        high = [(600, "A+"), (420, "A"), (300, "A-")]
    for above, name in high:
        if seconds > above:
            return name
    return "B" if seconds >= 60 else "C" if seconds >= 30 else "D"


class DemoReader:
    """Everything accepted, the latest delivery of each row, in the order in which files were delivered."""

    def __init__(self, home: Path):
        self.home = home
        self.truth = json.loads((home / "demo_truth.json").read_text(encoding="utf-8"))

    def files(self, feed: str, statuses: tuple[str, ...] = ("accepted",)) -> list[dict]:
        """Entries of the truth in order of delivery."""
        return [f for f in self.truth["files"] if f["feed"] == feed and f["status"] in statuses]

    def rows(self, file: dict) -> tuple[list[dict], Counter]:
        """Data rows as header → text, and how many lines were of another kind (broken, totals)."""
        path = self.home / "landing" / file["path"]
        other: Counter = Counter()
        cells = _workbook(path) if path.suffix == ".xlsx" else _csv(path, file["encoding"], other)
        if sum(bool(cell) for cell in cells[0]) == 1:
            cells = cells[1:]
        header, rows = cells[0], []
        for line in cells[1:]:
            if line[0].startswith(("合计", "导出时间")):
                other["totals"] += 1
            elif len(line) != len(header):
                other["ragged"] += 1
            else:
                rows.append(dict(zip(header, line, strict=True)))
        return rows, other

    def calls(self) -> dict[str, dict]:
        """Call id → the call, of all accepted files."""
        result: dict[str, dict] = {}
        for file in self.files("calls"):
            for row in self.rows(file)[0]:
                call = _call(row)
                if call:
                    result[call["id"]] = call
        return result

    def latest(self, feed: str, key: str) -> dict[str, dict]:
        """Key → the row with the newest 更新时间."""
        result: dict[str, dict] = {}
        for file in self.files(feed):
            for row in self.rows(file)[0]:
                known = result.get(row[key])
                if known is None or moment(row["更新时间"]) >= moment(known["更新时间"]):
                    result[row[key]] = row
        return result


def _csv(path: Path, encoding: str, other: Counter) -> list[list[str]]:
    text = path.read_bytes().decode(encoding)
    lines, result = text.split("\r\n"), []
    for line in lines:
        if line.count('"') % 2 == 0:
            result.extend(csv.reader(io.StringIO(line, newline="")))
        else:
            other["unclosed_quote"] += 1
    return [row for row in result if row]


def _workbook(path: Path) -> list[list[str]]:
    sheet = openpyxl.load_workbook(path, read_only=True).active
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def _call(row: dict) -> dict | None:
    def of(*names: str) -> str:
        return next(row[name] for name in names if name in row)

    try:
        start = moment(of("开始时间", "通话开始时间"))
    except ValueError:
        return None
    number = of("客户号码", "客户电话")
    if "E+" in number:
        return None
    own = of("400号码", "接入号码").replace("-", "")
    return {
        "id": of("通话ID", "话单ID"),
        "direction": DIRECTION[of("呼叫类型", "通话类型")],
        "number": number,
        "start": start,
        "line": LINE_OF[own],
        "own": own,
        "talk": seconds(of("通话时长", "时长(秒)")),
        "connected": row["是否接通"] == "是",
        "result": of("通话状态", "呼叫结果"),
        "agent": of("坐席工号", "座席工号"),
        "end": moment(of("结束时间", "挂机时间")),
        "notes": row["备注"],
        "business_result": row["业务结果"],
    }


def moment(text: str) -> dt.datetime:
    """2026-03-05 08:03:05 or 2026/3/5 8:03:05, to the second."""
    day, clock = text.replace("/", "-").split(" ")
    year, month, date = map(int, day.split("-"))
    hour, minute, second = map(int, clock.split(":"))
    return dt.datetime(year, month, date, hour, minute, second)


def seconds(text: str) -> int:
    """00:05:23, 323秒 or 323."""
    if ":" in text:
        hours, minutes, rest = map(int, text.split(":"))
        return hours * 3600 + minutes * 60 + rest
    return int(text.removesuffix("秒"))


def cents(text: str) -> int:
    """￥1,234.50, 1.2万 or 1234.5, in hundredths."""
    plain = text.removeprefix("￥").replace(",", "")
    if plain.endswith("万"):
        return round(float(plain[:-1]) * 1_000_000)
    return round(float(plain) * 100)
