"""The list of high-intent callers as sheets to work with: one for all, and a workbook per team with a sheet per agent.

What these sheets hold can come back as feed ``follow_ups`` of source ``call_list``; see docs/guide/call_list.md.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dial2deal.blocks.kinds import SHEET, Column, WorkList
from dial2deal.presentation.words import Words
from dial2deal.presentation.workbook import HEADER_ROW, Book
from dial2deal.reports.facts import Row

FILES = "call_list_*.xlsx"
_STATUSES = ("pending", "calling", "followed_up", "appointed", "won", "dropped", "invalid")
# Those an agent's own sheet holds; who has been called back stays in the sheet for all.
_OPEN = ("pending", "calling", "appointed")
_TIER_FILLS = {"A+": "#F8D2CF", "A": "#FBDDD0", "A-": "#FDE9D2"}
_NOT_IN_SHEETS = re.compile(r"[\[\]:*?/\\]")
_SHEET_NAME_LENGTH = 31

PhoneLookup = Callable[[Iterable[str]], dict[str, str]]
# Key, label, kind and width of each column; those up to the note are printed.
_COLUMNS: tuple[tuple[str, str, str, float], ...] = (
    ("place", "list.rank", "count", 6),
    ("phone", "list.phone", "id", 16),
    ("duration_tier", "word.tier", "text", 7),
    ("source_customer_id", "list.customer_id", "id", 13),
    ("source_lead_id", "list.lead_id", "id", 17),
    ("agent_text", "word.agent", "text", 13),
    ("last_long_call_at", "list.last_call", "moment", 17),
    ("last_long_call_seconds", "list.seconds", "count", 9),
    ("region", "list.region", "text", 11),
    ("follow_up_due_at", "list.due", "moment", 17),
    ("status_text", "list.status", "text", 12),
    ("note", "list.note", "wrap", 30),
    ("team", "word.team", "text", 13),
    ("source_call_id", "list.call_id", "id", 22),
    ("call_count", "list.calls", "count", 9),
    ("attempt_count", "list.attempts", "count", 9),
    ("long_call_count", "list.long_calls", "count", 10),
    ("focus_text", "list.focus", "text", 9),
    ("line_label", "word.line", "text", 13),
    ("channel_label", "word.channel", "text", 13),
    ("customer_text", "list.customer", "text", 10),
    ("followed_up_at", "list.followed_up", "moment", 17),
    ("action", "word.action", "wrap", 34),
    ("opening", "list.opening", "wrap", 60),
    ("list_id", "list.id", "id", 24),
)
_RESTRICTED = {"phone"}
_PLACES = {key: place for place, (key, *_) in enumerate(_COLUMNS)}
_LAST_PRINTED = _PLACES["note"]


def columns(words: Words) -> tuple[Column, ...]:
    """What the sheets of the list show."""
    return tuple(
        Column(key, words(label), kind, width=width, places=SHEET, restricted=key in _RESTRICTED)
        for key, label, kind, width in _COLUMNS
    )


def derived(row: Row, words: Words) -> Row:
    """What the sheets say in words of a row's facts; the number stays masked until `revealed`."""
    return {
        "phone": row["customer_phone_masked"],
        "agent_text": row["agent_name"] or row["agent_id"],
        "status_text": words(f"status.{row['status']}"),
        "note": "",
        "focus_text": words("list.yes" if row["is_focus_region"] else "list.no"),
        "customer_text": words("list.existing" if row["is_existing_customer"] else "list.new"),
    }


def revealed(block: WorkList, rows: Sequence[Row], phone_lookup: PhoneLookup | None) -> list[Row]:
    """``rows`` of ``block`` with the full numbers in its restricted columns, for those who may see them."""
    if phone_lookup is None:
        return list(rows)
    numbers = phone_lookup([row["customer_key"] for row in rows])
    hidden = [column.key for column in block.columns if column.restricted]
    return [row | {key: dialable(numbers.get(row["customer_key"])) or row[key] for key in hidden} for row in rows]


def open_book(path: Path, content: Row, words: Words) -> Book:
    """A workbook with the report's title, dated by its data."""
    return Book(
        path,
        words,
        f"{content['title']} {content['period']}",
        f"{content['title']} · {content['period_text']}",
        dt.datetime.fromisoformat(content["footer"]["as_of_date"]),
    )


def add(book: Book, block: WorkList | None, last_day: dt.date, phone_lookup: PhoneLookup | None) -> None:
    """The sheet of all callers of the pool who are still to be called or watched."""
    notes = [book.words("sheet.status_hint"), *_privacy(book.words, phone_lookup)]
    if block is None:
        _sheet(book, book.words("sheet.high_intent"), columns(book.words), [], " ".join(notes), last_day)
        return
    total, rows = int(block.facts["total"] or 0), revealed(block, block.rows, phone_lookup)
    if len(rows) < total:
        notes.insert(1, book.words("sheet.list_cut", total=f"{total:,}", rows=f"{len(rows):,}"))
    _sheet(book, book.words("sheet.high_intent"), block.columns, rows, " ".join(notes), last_day)


def write_teams(
    content: Row,
    words: Words,
    folder: Path,
    phone_lookup: PhoneLookup | None,
    replace: Callable[[Path, Callable[[Path], object]], Path],
) -> list[Path]:
    """One workbook per team with what each of its agents can call in a day, most urgent first; those of before go.

    ``replace`` writes a file in one step. A caller whom nobody spoke to belongs to no team and is listed apart.
    """
    block = content["sections"].get("high_intent")
    rows = [row for row in (block.rows if block else ()) if row["status"] in _OPEN]
    teams: dict[str, list[Row]] = {}
    for row in revealed(block, rows, phone_lookup) if rows else ():
        teams.setdefault(row["team"] or words("list.no_team"), []).append(row)
    names = _distinct(teams, lambda team: re.sub(r"[^\w.-]+", "_", team).strip("._") or "_", 60)
    written = [
        replace(
            folder / f"call_list_{names[team]}.xlsx",
            lambda path, rows=teams[team]: _team(content, words, path, rows, phone_lookup),
        )
        for team in sorted(teams)
    ]
    for path in folder.glob(FILES):
        if path not in written:
            path.unlink()
    return written


def _team(content: Row, words: Words, path: Path, rows: list[Row], phone_lookup: PhoneLookup | None) -> None:
    block: WorkList = content["sections"]["high_intent"]
    book, most = open_book(path, content, words), int(block.facts["calls_per_agent"])
    agents: dict[str, list[Row]] = {}
    for row in rows:
        # A second id of the caller: this sheet and the one for all may both come back.
        agents.setdefault(row["agent_name"] or row["agent_id"] or words("list.no_team"), []).append(
            row | {"list_id": row["list_id"].replace("-", "t-", 1)}
        )
    names = _distinct(agents, lambda agent: _NOT_IN_SHEETS.sub("_", agent).strip("'") or "_", _SHEET_NAME_LENGTH)
    for agent, theirs in sorted(agents.items()):
        # Nobody's callers are for the manager to hand out: all of them.
        shown = theirs[:most] if agent != words("list.no_team") else theirs
        notes = [
            words("sheet.agent_hint", shown=len(shown), waiting=len(theirs)),
            words("sheet.status_hint"),
            *_privacy(words, phone_lookup),
        ]
        _sheet(
            book,
            names[agent],
            block.columns,
            [row | {"place": place} for place, row in enumerate(shown, start=1)],
            " ".join(notes),
            dt.date.fromisoformat(content["end"]),
        )
    book.book.close()


def _distinct(keys: Iterable[str], clean: Callable[[str], str], length: int) -> dict[str, str]:
    """A name of at most ``length`` characters for each key; names that differ in case alone are one to Excel."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key in sorted(keys):
        name, number = clean(key)[:length], 1
        while name.lower() in taken:
            number += 1
            name = f"{clean(key)[: length - 4]}_{number}"
        taken.add(name.lower())
        names[key] = name
    return names


def _privacy(words: Words, phone_lookup: PhoneLookup | None) -> list[str]:
    return [] if phone_lookup else [words("sheet.masked")]


def _sheet(book: Book, name: str, shown: Sequence[Column], rows: list[Row], note: str, last_day: dt.date) -> None:
    words = book.words
    table = [[row[column.key] for column in shown] for row in rows]
    sheet, last = book.sheet(name, [(column.label, column.kind, column.width) for column in shown], table, note)
    first = HEADER_ROW + 1

    def column(label: str) -> tuple[int, int, int, int]:
        return first, _PLACES[label], last, _PLACES[label]

    sheet.data_validation(
        *column("status_text"),
        {
            "validate": "list",
            "source": [words(f"status.{status}") for status in _STATUSES],
            "input_title": words("list.status"),
            "input_message": words("sheet.choose"),
        },
    )
    for tier, colour in _TIER_FILLS.items():
        sheet.conditional_format(
            *column("duration_tier"),
            {
                "type": "cell",
                "criteria": "==",
                "value": f'"{tier}"',
                "format": book.book.add_format({"bg_color": colour, "bold": True}),
            },
        )
    for label, colour in (("last_long_call_seconds", "#A9BDF0"), ("call_count", "#CBD5E6")):
        sheet.conditional_format(*column(label), {"type": "data_bar", "bar_color": colour, "bar_solid": True})
    end = last_day + dt.timedelta(days=1)
    due, status = (f"${chr(ord('A') + _PLACES[label])}{first + 1}" for label in ("follow_up_due_at", "status_text"))
    sheet.conditional_format(
        *column("follow_up_due_at"),
        {
            "type": "formula",
            "format": book.book.add_format({"font_color": "#C03221", "bold": True}),
            "criteria": f'=AND({due}<DATE({end.year},{end.month},{end.day}),{due}<>"",'
            f'{status}="{words("status.pending")}")',
        },
    )
    sheet.freeze_panes(first, 3)
    sheet.print_area(0, 0, last, _LAST_PRINTED)


def dialable(number: str | None) -> str | None:
    """An E.164 number as a Chinese desk phone dials it: 13800000000, 02258880001, 0014155550100."""
    if number is None or not number.startswith("+"):
        return number
    if not number.startswith("+86"):
        return f"00{number[1:]}"
    national = number[3:]
    return national if national.startswith("1") and len(national) == 11 else f"0{national}"
