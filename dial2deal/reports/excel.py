"""Content to an Excel workbook: the call list to work with, and every number with its comparison."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from dial2deal.blocks import sheets
from dial2deal.blocks.kinds import Change, Funnel, QuotientKpi, Ranking, Table
from dial2deal.presentation.words import Words
from dial2deal.presentation.workbook import HEADER_ROW, Book, Own, write
from dial2deal.reports import call_list
from dial2deal.reports.call_list import PhoneLookup
from dial2deal.reports.facts import Row


def render(content: Row, words: Words, path: Path, phone_lookup: PhoneLookup | None = None) -> None:
    """Write the workbook to ``path``. ``phone_lookup`` (customer keys → full numbers) fills the call list's numbers.

    Without it, or where it knows nothing, numbers stay masked. The same content gives the same bytes.
    """
    book = call_list.open_book(path, content, words)
    sections = content["sections"]
    _overview(book, content)
    call_list.add(book, sections.get("high_intent"), dt.date.fromisoformat(content["end"]), phone_lookup)
    for name, block in sections.items():
        if isinstance(block, Table) and block.kind == "table" and sheets.has_sheet(block):
            sheets.table(book, words(f"section.{name}"), block)
    for block in sections.values():
        if isinstance(block, Funnel):
            sheets.funnel(book, words("sheet.funnel"), block)
    ranked = [block for block in sections.values() if isinstance(block, Ranking) and sheets.has_sheet(block)]
    sheets.rankings(book, words("sheet.staff"), sorted(ranked, key=lambda block: not block.has_teams))
    _findings(book, content)
    _quality(book, content)
    book.book.close()


def _overview(book: Book, content: Row) -> None:
    words = book.words
    columns = [
        ("sheet.metric", "text", 20),
        ("sheet.value", "text", 14),
        ("sheet.numerator", "count", 12),
        ("sheet.denominator", "count", 12),
        ("sheet.low", "share", 11),
        ("sheet.high", "share", 11),
    ]
    for comparison in content["comparisons"]:
        columns += [
            (words("sheet.base", label=comparison["label"]), "text", 16),
            (words("sheet.change", label=comparison["label"]), "text", 16),
        ]
    sheet, last = book.sheet(words("sheet.overview"), columns, [], words("head.as_of", at=content["footer"]["as_of"]))
    for number, card in enumerate(content["cards"], start=HEADER_ROW + 1):
        kind = book.formats[card.kind]
        is_share, parts = card.kind == "share", card if isinstance(card, QuotientKpi) else None
        values = [
            (card.label, book.formats["text"]),
            (card.value, kind),
            (parts.numerator if parts else None, book.formats["count"]),
            (parts.denominator if parts else None, book.formats["count"]),
            (parts.low if parts and is_share else None, book.formats["share"]),
            (parts.high if parts and is_share else None, book.formats["share"]),
        ]
        for change in card.comparisons:
            values += [(change.value, kind), (_change(change), book.formats["text"])]
        for index, (value, cell_format) in enumerate(values):
            write(sheet, number, index, value, cell_format)
        last = number
    for index in range(7, len(columns), 2):
        for text, cell_format in (("▲", "good"), ("▼", "bad")):
            sheet.conditional_format(
                HEADER_ROW + 1,
                index,
                last,
                index,
                {"type": "text", "criteria": "begins with", "value": text, "format": getattr(book, cell_format)},
            )
    sheet.autofilter(HEADER_ROW, 0, last, len(columns) - 1)
    for number, sentence in enumerate(content["headline"], start=last + 2):
        write(sheet, number, 0, sentence, book.formats["text"])


def _change(change: Change) -> Own:
    arrow = {"up": "▲ ", "down": "▼ "}.get(change.direction or "", "")
    return Own(arrow + change.text)


def _findings(book: Book, content: Row) -> None:
    words = book.words
    columns = [
        ("sheet.kind", "text", 9),
        ("word.severity", "text", 9),
        ("sheet.certainty", "text", 10),
        ("sheet.finding", "wrap", 52),
        ("sheet.advice", "wrap", 60),
        ("sheet.value", "text", 11),
        ("sheet.threshold", "text", 14),
        ("sheet.n", "count", 10),
        ("word.interval", "text", 16),
    ]
    rows = [
        [
            words("findings.opportunities" if row.kind == "opportunity" else "findings.problems"),
            words(f"severity.{row.severity}"),
            words("findings.certain" if row.certain else "findings.possible"),
            row.title,
            row.advice,
            Own(row.evidence.value_text),
            Own(row.evidence.threshold_text),
            row.evidence.n,
            Own(row.evidence.interval_text),
        ]
        for row in content["findings"]
    ]
    sheet, last = book.sheet(words("sheet.findings"), columns, rows, "" if rows else words("findings.none"))
    sheet.conditional_format(
        HEADER_ROW + 1,
        1,
        last,
        1,
        {"type": "cell", "criteria": "==", "value": f'"{words("severity.critical")}"', "format": book.bad},
    )


def _quality(book: Book, content: Row) -> None:
    words, footer = book.words, content["footer"]
    rows = [
        [words("footer.as_of"), footer["as_of"]],
        [words("footer.period"), f"{content['start']} – {content['end']}"],
        [words("footer.version"), footer["version"]],
        [words("footer.verdict"), footer["verdict_text"]],
    ]
    for file in footer["held_files"]:
        rows.append(
            [
                words("footer.held"),
                " · ".join(
                    (
                        file["file"],
                        file["status_text"],
                        f"{words('word.rows')} {file['rows'] or 0:,}",
                        file["dates_text"],
                        file["title"],
                        file["fix"],
                    )
                ),
            ]
        )
        if file["details"]:
            rows.append([words("word.details"), file["details"]])
    rows += [[words("footer.warnings"), text] for text in footer["warning_texts"]]
    rows += [[words("footer.missing"), feed] for feed in footer["missing_feeds"]]
    rows.append([words("footer.title"), footer["method"]])
    book.sheet(words("sheet.quality"), [("word.item", "text", 24), ("sheet.text", "wrap", 110)], rows)
