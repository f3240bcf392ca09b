"""Content to an Excel workbook: the call list to work with, and every number with its comparison."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
    _overview(book, content)
    call_list.add(book, content, phone_lookup)
    _channels(book, content)
    _funnel(book, content)
    _staff(book, content)
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
        kind = book.formats[card["kind"]]
        is_share = card["kind"] == "share"
        values = [
            (card["label"], book.formats["text"]),
            (card["value"], kind),
            (card.get("numerator"), book.formats["count"]),
            (card.get("denominator"), book.formats["count"]),
            (card.get("low") if is_share else None, book.formats["share"]),
            (card.get("high") if is_share else None, book.formats["share"]),
        ]
        for change in card["comparisons"]:
            values += [(change["value"], kind), (_change(change), book.formats["text"])]
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


def _change(change: Row) -> Own:
    arrow = {"up": "▲ ", "down": "▼ "}.get(change["direction"] or "", "")
    return Own(arrow + change["text"])


def _channels(book: Book, content: Row) -> None:
    words, table = book.words, content["sections"].get("channels")
    if not table:
        return
    days = table["window_days"]
    columns = [("word.channel", "text", 16), ("channels.leads", "count", 10)]
    keys: list[Callable[[Row], object]] = [lambda row: row["label"], lambda row: row["leads"]]
    for name in ("valid", "connect", "intent"):
        columns.append((words(f"channels.{name}"), "share", 10))
        keys.append(lambda row, name=name: row[name]["value"])
    columns += [
        (words("channels.window_deals", days=days), "count", 14),
        ("channels.deal", "share", 12),
        ("sheet.low", "share", 10),
        ("sheet.high", "share", 10),
    ]
    keys += [
        lambda row: row["window_deal"]["num"],
        lambda row: row["window_deal"]["value"],
        lambda row: row["window_deal"]["low"],
        lambda row: row["window_deal"]["high"],
    ]
    if table["has_sales"]:
        columns += [("word.orders", "count", 9), ("word.revenue", "money", 16)]
        keys += [lambda row: row.get("orders", 0), lambda row: row.get("revenue_cny", 0)]
    if table["has_economics"]:
        for label, metric, kind in (
            ("won", "customers_won", "count"),
            ("cost", "total_cost_cny", "money"),
            ("cac_operational", "cac_operational_cny", "money"),
            ("cac", "cac_full_cny", "money"),
            ("repurchase", "repurchase_rate", "share"),
            ("clv", "clv_simple_cny", "money"),
            ("ltv_cac", "ltv_cac", "multiple"),
            ("roi", "roi", "ratio"),
            ("roas", "roas", "multiple"),
        ):
            columns.append((words(f"channels.{label}"), kind, 14))
            keys.append(lambda row, metric=metric: row.get(metric))
    rows = [[key(row) for key in keys] for row in table["rows"]]
    sheet, last = book.sheet(words("sheet.channels"), columns, rows, words("channels.lead", days=days))
    for index in (2, 3, 4, 6):
        sheet.conditional_format(
            HEADER_ROW + 1,
            index,
            last,
            index,
            {
                "type": "data_bar",
                "bar_color": "#A9BDF0",
                "bar_solid": True,
                "min_type": "num",
                "min_value": 0,
                "max_type": "num",
                "max_value": 1,
            },
        )
    if table["has_economics"]:
        sheet.conditional_format(
            HEADER_ROW + 1,
            len(columns) - 2,
            last,
            len(columns) - 2,
            {"type": "cell", "criteria": "<", "value": 0, "format": book.bad},
        )


def _funnel(book: Book, content: Row) -> None:
    words, funnel = book.words, content["sections"].get("funnel")
    if not funnel:
        return
    columns = [
        ("funnel.stage", "text", 18),
        ("funnel.reached", "count", 12),
        ("funnel.of_all", "share", 11),
        ("funnel.step", "share", 13),
        ("sheet.low", "share", 11),
        ("sheet.high", "share", 11),
        ("funnel.change", "text", 14),
        ("funnel.lost", "count", 10),
    ]
    rows = [
        [row.label, row.reached, row.of_all, row.step.value, row.step.low, row.step.high, Own(row.change), row.lost]
        for row in funnel.rows
    ]
    sheet, last = book.sheet(
        words("sheet.funnel"),
        columns,
        rows,
        words("funnel.lead", start=funnel.start, end=funnel.end, n=f"{funnel.entered:,}"),
    )
    sheet.conditional_format(
        HEADER_ROW + 1,
        1,
        last,
        1,
        {
            "type": "data_bar",
            "bar_color": "#2F5BD0",
            "bar_solid": True,
            "min_type": "num",
            "min_value": 0,
            "max_type": "num",
            "max_value": funnel.entered,
        },
    )


def _staff(book: Book, content: Row) -> None:
    words, sections = book.words, content["sections"]
    columns = [
        ("staff.rank", "count", 7),
        ("word.team", "text", 14),
        ("word.agent", "text", 16),
        ("word.calls", "count", 9),
        ("staff.connect", "share", 10),
        ("staff.connected", "count", 9),
        ("staff.high", "count", 9),
        ("staff.rate", "share", 12),
        ("sheet.low", "share", 10),
        ("sheet.high", "share", 10),
        ("staff.talk", "seconds", 11),
        ("word.orders", "count", 8),
        ("word.revenue", "money", 15),
    ]
    rows = [
        [
            row["rank"],
            row["team"],
            row["name"] if "agent_id" in row else words("scope.total"),
            row["calls"],
            row["connect"]["value"],
            row["connected_calls"],
            row["high_intent_calls"],
            row["high_intent"]["value"],
            row["high_intent"]["low"],
            row["high_intent"]["high"],
            row["mean_talk_seconds"],
            row.get("orders"),
            row.get("revenue_cny"),
        ]
        for name in ("agents", "teams")
        for row in (sections.get(name) or {"rows": []})["rows"]
    ]
    if rows:
        minimum = (sections.get("agents") or sections["teams"])["min_n"]
        sheet, last = book.sheet(words("sheet.staff"), columns, rows, words("staff.lead", min_n=minimum))
        sheet.conditional_format(
            HEADER_ROW + 1, 7, last, 7, {"type": "data_bar", "bar_color": "#A9BDF0", "bar_solid": True}
        )


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
            words("findings.opportunities" if row["kind"] == "opportunity" else "findings.problems"),
            words(f"severity.{row['severity']}"),
            words("findings.certain" if row["certain"] else "findings.possible"),
            row["title"],
            row["advice"],
            Own(row["evidence"]["value_text"]),
            Own(row["evidence"]["threshold_text"]),
            row["evidence"]["n"],
            Own(row["evidence"]["interval_text"]),
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
