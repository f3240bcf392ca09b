"""Content to an Excel workbook: the call list to work with, and every number with its comparison."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path

import xlsxwriter

from dial2deal.reports.facts import Row
from dial2deal.reports.labels import Words
from dial2deal.spreadsheets import neutral

_STATUSES = ("pending", "calling", "followed_up", "appointed", "won", "dropped", "invalid")
_FORMATS = {
    "text": {}, "wrap": {"text_wrap": True}, "count": {"num_format": "#,##0"}, "share": {"num_format": "0.0%"},
    "ratio": {"num_format": "0%"}, "money": {"num_format": "¥#,##0.00"}, "multiple": {"num_format": '0.0"×"'},
    "seconds": {"num_format": "#,##0"}, "moment": {"num_format": "yyyy-mm-dd hh:mm"}, "id": {"num_format": "@"},
}
_TIER_FILLS = {"A+": "#F8D2CF", "A": "#FBDDD0", "A-": "#FDE9D2"}
_HEADER_ROW = 3
_A4 = 9

PhoneLookup = Callable[[Iterable[str]], dict[str, str]]


class Own(str):
    """Text made of the product's own words and numbers: +5.0%, ▲. It may begin as a formula would; foreign text not."""

    __slots__ = ()


class _Book:
    """A workbook whose every cell is written safely and looks alike."""

    def __init__(self, path: Path, content: Row, words: Words):
        self.words, self.content = words, content
        # No constant_memory: sheets are written column-wise in places, and lists have at most some 10,000 rows.
        self.book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False,
                                                    "strings_to_numbers": False, "default_date_format": "yyyy-mm-dd"})
        self.book.set_properties({
            "title": f"{content['title']} {content['period']}", "author": "dial2deal",
            # Fixed to the data: a rerun must give the same bytes.
            "created": dt.datetime.fromisoformat(content["footer"]["as_of_date"])})
        base = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
        self.formats = {name: self.book.add_format(base | extra) for name, extra in _FORMATS.items()}
        self.header = self.book.add_format(base | {"bold": True, "font_color": "#FFFFFF", "bg_color": "#2F5BD0",
                                                   "text_wrap": True, "border": 1, "border_color": "#2F5BD0"})
        self.title = self.book.add_format(base | {"bold": True, "font_size": 15, "font_color": "#1C2333"})
        self.quiet = self.book.add_format(base | {"font_color": "#6B7489"})
        self.good = self.book.add_format({"font_color": "#0B7D53"})
        self.bad = self.book.add_format({"font_color": "#C03221"})

    def sheet(self, name: str, columns: list[tuple[str, str, float]], rows: list[list], note: str = ""):
        """A table below a title: ``columns`` are (label key or text, format name, width); header frozen, autofilter."""
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.write_string(0, 0, f"{self.content['title']} · {self.content['period_text']}", self.title)
        sheet.write_string(1, 0, note, self.quiet)
        sheet.set_row(0, 26)
        sheet.set_row(_HEADER_ROW, 30)
        for index, (heading, kind, width) in enumerate(columns):
            sheet.set_column(index, index, width, self.formats[kind])
            text = self.words(heading) if self.words.has(heading) else heading
            sheet.write_string(_HEADER_ROW, index, text, self.header)
        for number, row in enumerate(rows, start=_HEADER_ROW + 1):
            for index, value in enumerate(row):
                write(sheet, number, index, value, self.formats[columns[index][1]])
        last = _HEADER_ROW + max(1, len(rows))
        sheet.autofilter(_HEADER_ROW, 0, last, len(columns) - 1)
        sheet.freeze_panes(_HEADER_ROW + 1, 1)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.set_margins(0.4, 0.4, 0.5, 0.5)
        sheet.set_footer("&L&8&A&R&8&P / &N")
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEADER_ROW)
        return sheet, last


def write(sheet, row: int, column: int, value: object, cell_format) -> None:
    """Write one value by its type; foreign text that looks like a formula gets an apostrophe."""
    if value is None:
        sheet.write_blank(row, column, None, cell_format)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, cell_format)
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value, cell_format)
    elif isinstance(value, dt.datetime):
        sheet.write_datetime(row, column, value, cell_format)
    else:
        sheet.write_string(row, column, str(value) if isinstance(value, Own) else neutral(str(value)), cell_format)


def render(content: Row, words: Words, path: Path, phone_lookup: PhoneLookup | None = None) -> None:
    """Write the workbook to ``path``. ``phone_lookup`` (customer keys → full numbers) fills the call list's numbers.

    Without it, or where it knows nothing, numbers stay masked. The same content gives the same bytes.
    """
    book = _Book(path, content, words)
    _overview(book)
    _call_list(book, phone_lookup)
    _channels(book)
    _funnel(book)
    _staff(book)
    _findings(book)
    _quality(book)
    book.book.close()


def _overview(book: _Book) -> None:
    words, content = book.words, book.content
    columns = [("sheet.metric", "text", 20), ("sheet.value", "text", 14),
               ("sheet.numerator", "count", 12), ("sheet.denominator", "count", 12),
               ("sheet.low", "share", 11), ("sheet.high", "share", 11)]
    for comparison in content["comparisons"]:
        columns += [(words("sheet.base", label=comparison["label"]), "text", 16),
                    (words("sheet.change", label=comparison["label"]), "text", 16)]
    sheet, last = book.sheet(words("sheet.overview"), columns, [], words("head.as_of", at=content["footer"]["as_of"]))
    for number, card in enumerate(content["cards"], start=_HEADER_ROW + 1):
        kind = book.formats[card["kind"]]
        is_share = card["kind"] == "share"
        values = [(card["label"], book.formats["text"]), (card["value"], kind),
                  (card.get("numerator"), book.formats["count"]), (card.get("denominator"), book.formats["count"]),
                  (card.get("low") if is_share else None, book.formats["share"]),
                  (card.get("high") if is_share else None, book.formats["share"])]
        for change in card["comparisons"]:
            values += [(change["value"], kind), (_change(change), book.formats["text"])]
        for index, (value, cell_format) in enumerate(values):
            write(sheet, number, index, value, cell_format)
        last = number
    for index in range(7, len(columns), 2):
        for text, cell_format in (("▲", "good"), ("▼", "bad")):
            sheet.conditional_format(_HEADER_ROW + 1, index, last, index, {
                "type": "text", "criteria": "begins with", "value": text, "format": getattr(book, cell_format)})
    sheet.autofilter(_HEADER_ROW, 0, last, len(columns) - 1)
    for number, sentence in enumerate(content["headline"], start=last + 2):
        write(sheet, number, 0, sentence, book.formats["text"])


def _change(change: Row) -> Own:
    arrow = {"up": "▲ ", "down": "▼ "}.get(change["direction"] or "", "")
    return Own(arrow + change["text"])


def _call_list(book: _Book, phone_lookup: PhoneLookup | None) -> None:
    words, pool = book.words, book.content["sections"].get("high_intent")
    rows = pool["rows"] if pool else []
    numbers = phone_lookup([row["customer_key"] for row in rows]) if phone_lookup else {}
    columns = [
        ("list.rank", "count", 6), ("list.phone", "id", 16), ("list.tier", "text", 7),
        ("list.last_call", "moment", 17), ("list.seconds", "count", 9), ("list.agent", "text", 14),
        ("list.calls", "count", 9), ("list.attempts", "count", 9),
        ("list.long_calls", "count", 10), ("list.region", "text", 11),
        ("list.focus", "text", 9), ("list.line", "text", 13), ("list.channel", "text", 13),
        ("list.customer", "text", 10), ("list.due", "moment", 17),
        ("list.followed_up", "moment", 17),
        ("list.action", "wrap", 34), ("list.opening", "wrap", 60), ("list.status", "text", 12),
        ("list.note", "wrap", 30)]
    table = [[
        row["rank"], dialable(numbers.get(row["customer_key"])) or row["customer_phone_masked"], row["duration_tier"],
        row["last_long_call_at"], row["last_long_call_seconds"], row["agent_name"] or row["agent_id"],
        row["call_count"], row["attempt_count"], row["long_call_count"], row["region"],
        words("list.yes" if row["is_focus_region"] else "list.no"), row["line_label"], row["channel_label"],
        words("list.existing" if row["is_existing_customer"] else "list.new"), row["follow_up_due_at"],
        row["followed_up_at"], row["action"], row["opening"], words(f"status.{row['status']}"), ""] for row in rows]
    hint = words("sheet.status_hint")
    if pool and len(rows) < pool["total"]:
        hint += " " + words("sheet.list_cut", total=f"{pool['total']:,}", rows=f"{len(rows):,}")
    sheet, last = book.sheet(words("sheet.high_intent"), columns, table, hint)
    first = _HEADER_ROW + 1
    sheet.data_validation(first, 17, last, 17, {
        "validate": "list", "source": [words(f"status.{status}") for status in _STATUSES],
        "input_title": words("list.status"), "input_message": words("sheet.status_hint")})
    for tier, colour in _TIER_FILLS.items():
        sheet.conditional_format(first, 2, last, 2, {
            "type": "cell", "criteria": "==", "value": f'"{tier}"',
            "format": book.book.add_format({"bg_color": colour, "bold": True})})
    sheet.conditional_format(first, 4, last, 4, {"type": "data_bar", "bar_color": "#A9BDF0", "bar_solid": True})
    sheet.conditional_format(first, 6, last, 6, {"type": "data_bar", "bar_color": "#CBD5E6", "bar_solid": True})
    end = dt.datetime.fromisoformat(book.content["end"]) + dt.timedelta(days=1)
    sheet.conditional_format(first, 13, last, 13, {
        "type": "formula", "format": book.book.add_format({"font_color": "#C03221", "bold": True}),
        "criteria": f'=AND($N{first + 1}<DATE({end.year},{end.month},{end.day}),$N{first + 1}<>"",'
                    f'$R{first + 1}="{words("status.pending")}")'})
    sheet.freeze_panes(first, 3)


def dialable(number: str | None) -> str | None:
    """An E.164 number as a Chinese desk phone dials it: 13800000000, 02258880001, 0014155550100."""
    if number is None or not number.startswith("+"):
        return number
    if not number.startswith("+86"):
        return f"00{number[1:]}"
    national = number[3:]
    return national if national.startswith("1") and len(national) == 11 else f"0{national}"


def _channels(book: _Book) -> None:
    words, table = book.words, book.content["sections"].get("channels")
    if not table:
        return
    days = table["window_days"]
    columns = [("channels.channel", "text", 16), ("channels.leads", "count", 10)]
    keys: list[Callable[[Row], object]] = [lambda row: row["label"], lambda row: row["leads"]]
    for name in ("valid", "connect", "intent"):
        columns.append((words(f"channels.{name}"), "share", 10))
        keys.append(lambda row, name=name: row[name]["value"])
    columns += [(words("channels.window_deals", days=days), "count", 14), ("channels.deal", "share", 12),
                ("sheet.low", "share", 10), ("sheet.high", "share", 10)]
    keys += [lambda row: row["window_deal"]["num"], lambda row: row["window_deal"]["value"],
             lambda row: row["window_deal"]["low"], lambda row: row["window_deal"]["high"]]
    if table["has_sales"]:
        columns += [("channels.orders", "count", 9), ("channels.revenue", "money", 16)]
        keys += [lambda row: row.get("orders", 0), lambda row: row.get("revenue_cny", 0)]
    if table["has_economics"]:
        for label, metric, kind in (
                ("won", "customers_won", "count"), ("cost", "total_cost_cny", "money"),
                ("cac_operational", "cac_operational_cny", "money"), ("cac", "cac_full_cny", "money"),
                ("repurchase", "repurchase_rate", "share"), ("clv", "clv_simple_cny", "money"),
                ("ltv_cac", "ltv_cac", "multiple"), ("roi", "roi", "ratio"), ("roas", "roas", "multiple")):
            columns.append((words(f"channels.{label}"), kind, 14))
            keys.append(lambda row, metric=metric: row.get(metric))
    rows = [[key(row) for key in keys] for row in table["rows"]]
    sheet, last = book.sheet(words("sheet.channels"), columns, rows, words("channels.lead", days=days))
    for index in (2, 3, 4, 6):
        sheet.conditional_format(_HEADER_ROW + 1, index, last, index, {
            "type": "data_bar", "bar_color": "#A9BDF0", "bar_solid": True, "min_type": "num", "min_value": 0,
            "max_type": "num", "max_value": 1})
    if table["has_economics"]:
        sheet.conditional_format(_HEADER_ROW + 1, len(columns) - 2, last, len(columns) - 2, {
            "type": "cell", "criteria": "<", "value": 0, "format": book.bad})


def _funnel(book: _Book) -> None:
    words, funnel = book.words, book.content["sections"].get("funnel")
    if not funnel:
        return
    columns = [("funnel.stage", "text", 18), ("funnel.reached", "count", 12),
               ("funnel.of_all", "share", 11), ("funnel.step", "share", 13),
               ("sheet.low", "share", 11), ("sheet.high", "share", 11), ("funnel.change", "text", 14),
               ("funnel.lost", "count", 10)]
    rows = [[row["label"], row["reached"], row["of_all"], row["step"]["value"], row["step"]["low"], row["step"]["high"],
             Own(row["change"]), row["lost"]] for row in funnel["rows"]]
    sheet, last = book.sheet(words("sheet.funnel"), columns, rows, words(
        "funnel.lead", start=funnel["start"], end=funnel["end"], n=f"{funnel['entered']:,}"))
    sheet.conditional_format(_HEADER_ROW + 1, 1, last, 1, {
        "type": "data_bar", "bar_color": "#2F5BD0", "bar_solid": True, "min_type": "num", "min_value": 0,
        "max_type": "num", "max_value": funnel["entered"]})


def _staff(book: _Book) -> None:
    words, sections = book.words, book.content["sections"]
    columns = [("staff.rank", "count", 7), ("staff.team", "text", 14), ("staff.name", "text", 16),
               ("staff.calls", "count", 9), ("staff.connect", "share", 10),
               ("staff.connected", "count", 9), ("staff.high", "count", 9),
               ("staff.rate", "share", 12), ("sheet.low", "share", 10), ("sheet.high", "share", 10),
               ("staff.talk", "seconds", 11), ("staff.orders", "count", 8), ("staff.revenue", "money", 15)]
    rows = [[row["rank"], row["team"], row["name"] if "agent_id" in row else words("scope.total"), row["calls"],
             row["connect"]["value"], row["connected_calls"], row["high_intent_calls"], row["high_intent"]["value"],
             row["high_intent"]["low"], row["high_intent"]["high"], row["mean_talk_seconds"], row.get("orders"),
             row.get("revenue_cny")]
            for name in ("agents", "teams") for row in (sections.get(name) or {"rows": []})["rows"]]
    if rows:
        minimum = (sections.get("agents") or sections["teams"])["min_n"]
        sheet, last = book.sheet(words("sheet.staff"), columns, rows, words("staff.lead", min_n=minimum))
        sheet.conditional_format(_HEADER_ROW + 1, 7, last, 7, {"type": "data_bar", "bar_color": "#A9BDF0",
                                                               "bar_solid": True})


def _findings(book: _Book) -> None:
    words = book.words
    columns = [("sheet.kind", "text", 9), ("sheet.severity", "text", 9),
               ("sheet.certainty", "text", 10), ("sheet.finding", "wrap", 52),
               ("sheet.advice", "wrap", 60), ("sheet.value", "text", 11),
               ("sheet.threshold", "text", 14), ("sheet.n", "count", 10),
               ("sheet.interval", "text", 16)]
    rows = [[words("findings.opportunities" if row["kind"] == "opportunity" else "findings.problems"),
             words(f"severity.{row['severity']}"), words("findings.certain" if row["certain"] else "findings.possible"),
             row["title"], row["advice"], Own(row["evidence"]["value_text"]), Own(row["evidence"]["threshold_text"]),
             row["evidence"]["n"], Own(row["evidence"]["interval_text"])]
            for row in book.content["findings"]]
    sheet, last = book.sheet(words("sheet.findings"), columns, rows,
                             "" if rows else words("findings.none"))
    sheet.conditional_format(_HEADER_ROW + 1, 1, last, 1, {"type": "cell", "criteria": "==",
                             "value": f'"{words("severity.critical")}"', "format": book.bad})


def _quality(book: _Book) -> None:
    words, footer = book.words, book.content["footer"]
    rows = [[words("footer.as_of"), footer["as_of"]],
            [words("footer.period"), f"{book.content['start']} – {book.content['end']}"],
            [words("footer.version"), footer["version"]], [words("footer.verdict"), footer["verdict_text"]]]
    for file in footer["held_files"]:
        rows.append([words("footer.held"), " · ".join((
            file["file"], file["status_text"], f"{words('footer.rows')} {file['rows'] or 0:,}", file["dates_text"],
            file["title"], file["fix"]))])
        if file["details"]:
            rows.append([words("footer.details"), file["details"]])
    rows += [[words("footer.warnings"), text] for text in footer["warning_texts"]]
    rows += [[words("footer.missing"), feed] for feed in footer["missing_feeds"]]
    rows.append([words("footer.title"), footer["method"]])
    book.sheet(words("sheet.quality"), [("sheet.item", "text", 24), ("sheet.text", "wrap", 110)], rows)
