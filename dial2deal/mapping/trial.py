"""Really loading a file, or its beginning, into a warehouse of its own that is thrown away."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from dial2deal import audit, policy, warehouse
from dial2deal.audit import texts
from dial2deal.feeds.catalogue import feeds
from dial2deal.loading.file_report import FileReport, file_reports
from dial2deal.loading.load import load_landing
from dial2deal.settings import Settings
from dial2deal.sql import identifier, only_row

_UNMAPPED_SHOWN = 12


@dataclass(frozen=True)
class Finding:
    """A rule of the audit that the file does not meet: what is wrong, who can do what. ``holds``: it is held for it."""

    holds: bool
    what: str
    who: str
    todo: str


@dataclass(frozen=True)
class Outcome:
    """What loading did to one file as one source's feed. ``unmapped``: column → (value, rows) that no map knows."""

    reports: list[FileReport]
    is_part: bool
    repeated_ids: int = 0
    unmapped: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    known_share: float = 1.0  # coded values that any map knows
    findings: list[Finding] | None = None  # of the audit; None when nothing was audited

    def total(self, counter: str) -> int:
        """Sum of a counter such as ``rows_read`` over the members of the file."""
        return sum(getattr(report, counter) for report in self.reports)

    @property
    def is_held(self) -> bool:
        """Whether the audit would hold the file back."""
        return any(finding.holds for finding in self.findings or ())

    @property
    def fit(self) -> float:
        """0–1: rows accepted, weighed by how many coded values are known."""
        read = self.total("rows_read")
        kept = sum(map(self.total, ("rows_accepted", "rows_duplicate", "rows_superseded")))
        return kept / read * (0.5 + 0.5 * self.known_share) if read else 0.0


class Trial:
    """A throw-away installation with the profiles and policy of a real one."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self.settings = Settings(home=home, project_root=settings.project_root).ensure()
        for own in ("profiles", "policy"):
            if (settings.home / own).is_dir():
                shutil.copytree(settings.home / own, home / own)
        self._parts: dict[tuple[str, str], bool] = {}

    def profile(self, source: str, feed: str, text: str) -> None:
        """Add a profile that is only proposed."""
        path = self.settings.home / "profiles" / source / f"{feed}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def place(self, path: Path, source: str, feed: str, rows: int, *, is_text: bool) -> None:
        """Put the first ``rows`` lines of a text, or the whole of another file, where it would be loaded from."""
        target = self.settings.landing / source / feed / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        self._parts[source, feed] = is_text and _copy_lines(path, target, rows)
        if not is_text:
            shutil.copyfile(path, target)
        shutil.copystat(path, target)

    def load(self, *, audited: bool = False) -> dict[tuple[str, str], Outcome]:
        """Load what was placed, and judge it when ``audited``; outcomes by source and feed as placed."""
        rules = policy.load(self.settings)
        outcomes = self._load(rules)
        if audited and any(r.status == "loaded" for outcome in outcomes.values() for r in outcome.reports):
            found = audit.judge(self.settings, rules, "map")
            locale = rules.text("reports.locale")
            return {
                place: replace(outcome, findings=_findings(found, place, locale)) for place, outcome in outcomes.items()
            }
        return outcomes

    def _load(self, rules: policy.Policy) -> dict[tuple[str, str], Outcome]:
        with warehouse.session(self.settings) as con:
            policy.sync(con, rules, regions=False)
            load_landing(con, self.settings, rules)
            reports = file_reports(con)
            return {
                place: self._outcome(con, place, [r for r in reports if r.path.startswith(f"{place[0]}/{place[1]}/")])
                for place in self._parts
            }

    def _outcome(self, con: duckdb.DuckDBPyConnection, place: tuple[str, str], reports: list[FileReport]) -> Outcome:
        if not any(report.rows_accepted for report in reports):
            return Outcome(reports, self._parts[place])
        feed = reports[0].feed
        repeated = only_row(
            con.execute(
                f"select count(*) - count(distinct _row_key) from raw.{identifier(feed)} where _source = ?", [place[0]]
            )
        )[0]
        unmapped: dict[str, list[tuple[str, int]]] = {}
        coded = unknown = 0
        for column in feeds()[feed].columns.values():
            if column.kind != "map":
                continue
            filled, rows = only_row(
                con.execute(
                    "select coalesce(sum(n), 0), list((value, n) order by n desc, value) filter (not known) from (select "
                    f"{identifier(column.name)} as value, count(*) as n, "
                    f"trim(lower({identifier(column.name)})) in (select raw_value "
                    "from ops.value_maps where source = $source and feed = $feed and column_name = $column union select "
                    "canonical_value from ops.value_maps where feed = $feed and column_name = $column) as known "
                    f"from raw.{identifier(feed)} where _source = $source "
                    f"and not parse.blank({identifier(column.name)}) group by 1)",
                    {"source": place[0], "feed": feed, "column": column.name},
                )
            )
            coded += filled
            if rows:
                unknown += sum(n for _, n in rows)
                unmapped[column.name] = rows[:_UNMAPPED_SHOWN]
        return Outcome(reports, self._parts[place], repeated, unmapped, 1 - unknown / coded if coded else 1.0)


@contextmanager
def trial(settings: Settings) -> Iterator[Trial]:
    """A `Trial` below the installation's scratch folder, removed at the end."""
    settings.tmp.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="map-", dir=settings.tmp))
    try:
        yield Trial(settings, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _findings(outcomes: list[audit.CheckOutcome], place: tuple[str, str], locale: str) -> list[Finding]:
    return [
        Finding(
            o.severity == "critical" and o.outcome == "failed",
            o.message,
            texts.who(o.spec, locale),
            texts.fix(o.spec, locale),
        )
        for o in outcomes
        if o.path.startswith(f"{place[0]}/{place[1]}/") and o.outcome != "passed" and o.message
    ]


def _copy_lines(path: Path, target: Path, rows: int) -> bool:
    """Copy at most ``rows`` lines; whether something was left out."""
    with path.open("rb") as source, target.open("wb") as sink:
        if source.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            source.seek(0)
            shutil.copyfileobj(source, sink)
            return False
        source.seek(0)
        for _, line in zip(range(rows), source, strict=False):
            sink.write(line)
        return source.tell() < os.fstat(source.fileno()).st_size
