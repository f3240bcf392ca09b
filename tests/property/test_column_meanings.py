"""What a whole column decides, and what is nothing: words for empty, order of day and month, decimal marks."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
from decimal import Decimal
from pathlib import Path

import pytest

from dial2deal import parsing, warehouse
from dial2deal.feeds.profiles import Profile, Profiles
from dial2deal.loading import senses, statements
from dial2deal.loading.cells import read_cells
from dial2deal.readers import kinds
from dial2deal.readers.problems import FileProblem
from dial2deal.readers.table import Table
from dial2deal.sql import identifier

ROOT = Path(__file__).parents[2]
PROFILES = Profiles((ROOT / "profiles",))
VENDOR_FILES = sorted(path for path in (ROOT / "tests/fixtures/vendors").glob("*/*") if path.suffix != ".xlsx")
NOW = dt.datetime(2026, 12, 1)


@pytest.fixture(scope="module")
def con():
    with warehouse.scratch() as connection:
        yield connection


def texts_of(con, profile: Profile, path: Path, work: Path) -> list[tuple]:
    """Every canonical text of every record, as the loader would store it."""
    table = kinds.read(path, profile, work, kinds.fingerprint(path))
    cells = read_cells(con, table, work)
    table = cells.table
    table.sense = senses.decide(
        con,
        profile,
        table,
        statements.texts(profile, table),
        statements.looked_at(profile, table, cells.source),
        "'f'",
        {"f": NOW},
        "86",
    )["f"]
    values = statements.plan(profile, table, "Asia/Shanghai", quick=False).values
    columns = ", ".join(f"{sql} as {identifier(column)}" for column, sql in values.items())
    computed = statements.computed(profile, table).over(cells.source, f", {cells.line} as _line")
    return con.execute(f"select {columns} from {computed} order by _line").fetchall()


def blanked(path: Path, table: Table, words: random.Random, spell) -> str:
    """The file with a third of its cells emptied, each spelled by ``spell``; the same cells for the same seed."""
    if path.suffix == ".json":
        records = [_blanked_json(record, words, spell) for record in _records(path)]
        return "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    text = path.read_bytes().decode("utf-8-sig" if table.encoding == "utf-8" else table.encoding)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=table.delimiter, lineterminator="\n")
    for number, cells in enumerate(csv.reader(io.StringIO(text), delimiter=table.delimiter)):
        writer.writerow(
            cells
            if number < table.skip
            else [spell(words) if cell == "" or words.random() < 0.3 else cell for cell in cells]
        )
    return out.getvalue()


def _records(path: Path) -> list[dict]:
    text, at, found, decoder = path.read_text(encoding="utf-8"), 0, [], json.JSONDecoder()
    while at < len(text.rstrip()):
        value, at = decoder.raw_decode(text, at + len(text[at:]) - len(text[at:].lstrip()))
        found += value if isinstance(value, list) else [value]
    return found


def _blanked_json(value, words: random.Random, spell):
    if isinstance(value, dict):
        return {key: _blanked_json(item, words, spell) for key, item in value.items()}
    if isinstance(value, str) and (value == "" or words.random() < 0.3):
        return spell(words)
    return value


@pytest.mark.parametrize("path", VENDOR_FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_word_for_nothing_is_as_empty_as_an_empty_cell(con, tmp_path, path):
    profile, table = _read(path, tmp_path / "first")
    read = []
    for spell in (lambda words: words.random() and "", lambda words: words.choice(parsing.empty_words()[1:])):
        # Both draw one number for each cell that they empty, so that the same cells are.
        target = tmp_path / f"spelled{len(read)}{path.suffix}"
        target.write_text(blanked(path, table, random.Random(7), _drawing(spell)), encoding="utf-8")
        read.append(texts_of(con, profile, target, tmp_path / f"work{len(read)}"))
    assert read[0] == read[1]


def _read(path: Path, work: Path):
    """The file through the profile of its vendor that fits it best, by its name first."""
    for _, feed in sorted(
        (not path.name.startswith(feed), feed) for source, feed in PROFILES.names() if source == path.parent.name
    ):
        profile = PROFILES.get(path.parent.name, feed)
        try:
            return profile, kinds.read(path, profile, work, kinds.fingerprint(path))
        except FileProblem:
            continue
    raise AssertionError(f"no profile reads {path}")


def _drawing(spell):
    spellings = random.Random(11)
    return lambda words: spell(spellings)


# ---------------------------------------------------------------- whole columns
def load_column(con, tmp_path, texts: list[str], *, order: str | None = None, delimiter: str = ";", kind: str):
    """(values read, sense) of one column of orders: ``kind`` money or date."""
    header = ["订单号", "下单时间", "订单金额"]
    rows = [
        [f"P{n}", text if kind == "date" else "2026-03-01", text if kind == "money" else "100"]
        for n, text in enumerate(texts)
    ]
    path = tmp_path / "orders.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, delimiter=delimiter).writerows([header, *rows])
    profile = PROFILES.get("generic_crm", "orders")
    table = kinds.read(path, profile, tmp_path, kinds.fingerprint(path))
    cells = read_cells(con, table, tmp_path)
    table = cells.table
    table.sense = senses.decide(
        con,
        profile,
        table,
        statements.texts(profile, table),
        statements.looked_at(profile, table, cells.source),
        "'f'",
        {"f": NOW},
        "86",
    )["f"]
    column, macro = ("ordered_at", "day") if kind == "date" else ("amount_cny", "money")
    value = statements.plan(profile, table, "Asia/Shanghai", quick=False).values[column]
    read = con.execute(f"select parse.{macro}({value}) from {cells.source} order by {cells.line}").fetchall()
    return [row[0] for row in read], table.sense


@pytest.mark.parametrize("seed", range(12))
def test_dates_of_one_order_are_read_in_it_or_not_at_all(con, tmp_path, seed):
    draw = random.Random(seed)
    order = draw.choice(("dmy", "mdy"))
    separator = draw.choice("/-.")
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=draw.randrange(300)) for _ in range(draw.choice((1, 3, 40)))]
    texts = [day.strftime("%d{0}%m{0}%Y" if order == "dmy" else "%m{0}%d{0}%Y").format(separator) for day in days]
    read, sense = load_column(con, tmp_path, texts, kind="date")
    clear = any(day.day > 12 for day in days)
    assert (
        read == days
        if clear
        else all(found in (None, day) for found, day in zip(read, days, strict=True))
        or (sense.findings[0].why == "pattern")
    )
    assert sense.findings or separator == "."


@pytest.mark.parametrize("seed", range(8))
def test_a_column_of_both_orders_is_not_read_half_swapped(con, tmp_path, seed):
    draw = random.Random(seed)
    texts = ["25/03/2026", "03/25/2026"]
    texts += [f"{draw.randint(1, 12):02d}/{draw.randint(1, 12):02d}/2026" for _ in range(9)]
    draw.shuffle(texts)
    read, sense = load_column(con, tmp_path, texts, kind="date")
    assert read == [None] * len(texts)
    assert [finding.why for finding in sense.findings] == ["contradiction"]


@pytest.mark.parametrize("seed", range(16))
def test_amounts_of_one_spelling_are_read_in_it(con, tmp_path, seed):
    draw = random.Random(seed)
    comma = seed % 2 == 0
    amounts = [
        Decimal(draw.choice((draw.randrange(1, 999), draw.randrange(1000, 2_000_000))))
        + draw.choice((Decimal(0), Decimal(0), Decimal(draw.randrange(1, 100)) / 100))
        for _ in range(30)
    ]
    amounts.append(Decimal("12.50"))

    def spelled(amount: Decimal) -> str:
        text = f"{amount:,.2f}" if amount % 1 else f"{amount:,.0f}"
        return text.translate(str.maketrans(",.", ".,")) if comma else text

    read, sense = load_column(
        con, tmp_path, [spelled(amount) for amount in amounts], kind="money", delimiter=draw.choice(";\t")
    )
    assert read == amounts
    assert {finding.value for finding in sense.findings} == {"comma" if comma else "point"}
