"""The expectation suites as data: what is checked on each feed's files, how strictly, and who fixes a failure.

Suites are Great Expectations' own JSON, read here without importing Great Expectations. See expectations/README.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dial2deal.feeds.catalogue import feeds
from dial2deal.policy import Policy, PolicyError
from dial2deal.policy.models import TABLES
from dial2deal.settings import Settings

EVERY_FILE = "every_file"
_SEVERITIES = ("critical", "warning")


class SuiteError(ValueError):
    """A suite file is wrong; the message names the file, the check and what to do."""


@dataclass(frozen=True)
class Role:
    """Who fixes a failure."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class CheckSpec:
    """One expectation of one feed. ``on``: judged per ``row`` or once per ``file``.

    ``tolerance`` is GX's ``mostly``: the share of the checked rows of one file that must pass.
    ``shows`` names the raw column a reader of the failing row needs; ``column`` the one GX evaluates.
    """

    feed: str
    check_name: str
    severity: str
    on: str
    column: str
    shows: str
    expectation: str
    kwargs: dict[str, Any]
    tolerance: float | dict[str, str]
    title_zh: str
    title_en: str
    fix_zh: str
    fix_en: str
    who_fixes: Role
    requirements: tuple[str, ...]

    @property
    def description(self) -> str:
        """What must hold, in Chinese."""
        return self.title_zh


@dataclass(frozen=True)
class Column:
    """A column the suite derives from the raw text: an SQL expression or a value-mapped raw column."""

    name: str
    sql: str | None
    maps: str | None
    shows: str


@dataclass(frozen=True)
class Suite:
    """Everything that is checked on one feed.

    ``data_owner`` corrects quarantined rows at their source; ``values`` are parsed once for all columns.
    """

    feed: str
    label_zh: str
    label_en: str
    data_owner: Role
    values: dict[str, str]
    columns: tuple[Column, ...]
    context: tuple[str, ...]
    parameters: dict[str, dict[str, str]]
    checks: tuple[CheckSpec, ...]

    def on(self, level: str) -> tuple[CheckSpec, ...]:
        """The checks judged per ``row`` or per ``file``."""
        return tuple(check for check in self.checks if check.on == level)


def load_suites(settings: Settings) -> dict[str, Suite]:
    """The suite of every feed, the checks on every file included. Raises SuiteError."""
    roles = {code: Role(code, **names) for code, names in _read(settings.suites.parent / "roles.json").items()}
    common = _read(settings.suites / f"{EVERY_FILE}.json")
    return {feed: _suite(settings.suites / f"{feed}.json", feed, common, roles) for feed in feeds()}


def checks(settings: Settings) -> list[CheckSpec]:
    """Every check of every feed, without importing Great Expectations. Raises SuiteError."""
    return [check for suite in load_suites(settings).values() for check in suite.checks]


def resolve(suite: Suite, policy: Policy) -> tuple[dict[str, Any], dict[str, str]]:
    """Values of the suite's ``$PARAMETER``s from the policy, and the reason for each that has none."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, source in suite.parameters.items():
        try:
            values[name] = _parameter(suite, name, source, policy)
        except (PolicyError, SuiteError, KeyError) as error:
            errors[name] = f"parameter {name}: {error}"
    return values, errors


def parameters_of(check: CheckSpec) -> set[str]:
    """Names of the ``$PARAMETER``s that a check uses."""
    return {
        value["$PARAMETER"]
        for value in [*check.kwargs.values(), check.tolerance]
        if isinstance(value, dict) and "$PARAMETER" in value
    }


def _parameter(suite: Suite, name: str, source: dict[str, str], policy: Policy) -> Any:
    if "setting" in source:
        return policy.number(source["setting"])
    if "table" in source:
        found = (getattr(row, source["column"], None) for row in policy.rows(TABLES[source["table"]]))
        return sorted({value for value in found if value})
    raise SuiteError(f"{suite.feed}.json: parameter {name!r} needs 'setting', or 'table' and 'column'.")


def _suite(path: Path, feed: str, common: dict[str, Any], roles: dict[str, Role]) -> Suite:
    content = _read(path)
    meta = content["meta"]
    columns = tuple(_column(path, name, how) for name, how in meta.get("columns", {}).items())
    specs = tuple(_check(path, feed, columns, item, roles) for item in content["expectations"]) + tuple(
        _check(path.with_name(f"{EVERY_FILE}.json"), feed, (), item, roles) for item in common["expectations"]
    )
    names = [spec.check_name for spec in specs]
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise SuiteError(f"{path.name}: check names must be unique, repeated: {sorted(repeated)}.")
    if meta.get("data_owner") not in roles:
        raise SuiteError(f"{path.name}: meta.data_owner {meta.get('data_owner')!r} is not in roles.json.")
    return Suite(
        feed,
        feeds()[feed].label_zh,
        feeds()[feed].label_en,
        roles[meta["data_owner"]],
        meta.get("values", {}),
        columns,
        tuple(meta.get("context", ())),
        meta.get("parameters", {}),
        specs,
    )


def _column(path: Path, name: str, how: dict[str, str]) -> Column:
    if ("sql" in how) == ("map" in how):
        raise SuiteError(f"{path.name}: column {name!r} needs exactly one of 'sql' and 'map'.")
    shows = how.get("shows", how.get("map", name))
    if shows not in feeds()[path.stem].columns:
        raise SuiteError(
            f"{path.name}: column {name!r} shows {shows!r}, which feeds/{path.stem}.yml does not list; "
            "name the raw column a reader should look at in 'shows'."
        )
    return Column(name, how.get("sql"), how.get("map"), shows)


def _check(
    path: Path, feed: str, columns: tuple[Column, ...], item: dict[str, Any], roles: dict[str, Role]
) -> CheckSpec:
    meta = item.get("meta", {})
    name = meta.get("check") or item.get("type", "?")
    where = f"{path.name}: check {name!r}"
    kwargs = dict(item["kwargs"])
    tolerance = kwargs.pop("mostly", 1.0)
    severity = item.get("severity", "critical")
    if severity not in _SEVERITIES:
        raise SuiteError(f"{where} has severity {severity!r}; use one of {_SEVERITIES}.")
    if "column" not in kwargs:
        raise SuiteError(
            f"{where}: only expectations about one column are judged file by file; derive a column "
            "in meta.columns and give 'column'."
        )
    if (meta.get("on") == "file") != (path.stem == EVERY_FILE):
        raise SuiteError(
            f"{where}: checks on the file as a whole ('on': 'file') stand in {EVERY_FILE}.json, "
            "all others in the feed's suite."
        )
    if "row_condition" in kwargs:
        raise SuiteError(f"{where}: put the condition into the derived column (NULL where it does not apply).")
    missing = {"check", "title_zh", "title_en", "fix_zh", "fix_en", "who_fixes"} - set(meta)
    if missing:
        raise SuiteError(f"{where} lacks meta {sorted(missing)}.")
    if meta["who_fixes"] not in roles:
        raise SuiteError(f"{where}: who_fixes {meta['who_fixes']!r} is not in roles.json ({sorted(roles)}).")
    shown = {column.name: column.shows for column in columns}
    return CheckSpec(
        feed=feed,
        check_name=name,
        severity=severity,
        on=meta.get("on", "row"),
        column=kwargs["column"],
        shows=meta.get("shows", shown.get(kwargs["column"], kwargs["column"])),
        expectation=item["type"],
        kwargs=kwargs,
        tolerance=tolerance,
        title_zh=meta["title_zh"],
        title_en=meta["title_en"],
        fix_zh=meta["fix_zh"],
        fix_en=meta["fix_en"],
        who_fixes=roles[meta["who_fixes"]],
        requirements=tuple(meta.get("requirements", ())),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SuiteError(f"{path.name} is missing in {path.parent.name}/; every feed needs a suite.") from error
    except json.JSONDecodeError as error:
        raise SuiteError(f"{path.name} is not valid JSON, line {error.lineno}: {error.msg}.") from error
