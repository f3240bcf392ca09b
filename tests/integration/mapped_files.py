"""Files that no profile knows, and what `dial2deal map` says of a file."""

from __future__ import annotations

from dial2deal.mapping import map_path
from dial2deal.mapping.result import Mapping, Options
from tests.unit.exports_support import Landing

UNKNOWN = "唯一流水,来去电,客户的手机号,接入400,起始时刻,挂断时刻,通话秒数,处理结果描述,坐席人员,录音URL,星级"


def unknown_calls(count: int = 60) -> str:
    lines = [
        f"TX{n:05d},{'来电' if n % 3 else '去电'},1380013{n:04d},4000000101,2026/1/5 {8 + n // 30}:{n % 60:02d}:00,"
        f"2026/1/5 {8 + n // 30}:{n % 60:02d}:50,{n % 50},接通了,张测试,https://example.com/r/{n}.mp3,{n % 5 + 1}"
        for n in range(count)
    ]
    return "\n".join(["某某云通讯平台话单", "查询时间：全部", UNKNOWN, *lines, "合计,,,,,,999,,,,"]) + "\n"


def mapped(landing: Landing, name: str, content: str | bytes, encoding: str = "utf-8", **options) -> Mapping:
    path = landing.settings.home / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    (mapping,) = map_path(landing.settings, path, Options(**{"audit": False, **options}))
    return mapping


def guesses(mapping: Mapping) -> dict[str, tuple[str | None, str]]:
    return {entry["header"]: (entry["column"], entry["confidence"]) for entry in mapping.columns}
