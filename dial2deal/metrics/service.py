"""`Metrics`: the one way to ask for a metric."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

import duckdb

from dial2deal.insight.intervals import wilson
from dial2deal.metrics import catalog as catalogs
from dial2deal.metrics.catalog import GRAINS, Catalog
from dial2deal.metrics.engine import Compiler
from dial2deal.metrics.filters import Filter, Where
from dial2deal.metrics.problems import MetricError
from dial2deal.published import SEMANTIC_MANIFEST, NothingPublishedError, connect, generation
from dial2deal.settings import Settings

Row = dict[str, Any]
_COMPILED_QUERIES = 512
_ANSWERS_KEPT, _ROWS_KEPT = 2000, 2000
# Where a question leaves such a dimension open, this policy setting says which value is meant.
_MEANT_BY_DEFAULT = {"preset": "funnel.default_preset"}


class Metrics:
    """Metrics of the published snapshot; follows the snapshot when another one is published. Thread-safe.

    Answers are kept as long as their snapshot is the published one. ``seconds``: how long one question may take.
    """

    def __init__(self, settings: Settings, seconds: float | None = None) -> None:
        self._settings, self._seconds = settings, seconds
        self._lock = threading.Lock()
        self._state: _Generation | None = None

    def query(
        self,
        metrics: Sequence[str],
        group_by: Sequence[str] = (),
        *,
        start: dt.date | None = None,
        end: dt.date | None = None,
        filters: Iterable[Filter] = (),
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[Row]:
        """One row per combination of ``group_by``, with a value per metric.

        group_by: short names of `catalog` and the grains day, week, month, quarter, year (dates, first day of each).
        start, end: first and last day, both included; whole months where a metric is known by month.
        filters: ``(dimension, operator, value)``, see filters.py.
        order_by: names of columns, ``-name`` for descending; empty values last, the rest of group_by breaks ties.

        A metric that adds up only ``within`` one value of a dimension (stages of one funnel) is asked for by that
        dimension or for one value of it; a funnel left open is policy funnel.default_preset.

        Each quotient ``m`` comes with ``m_num`` and ``m_den``; each share also with ``m_low`` and ``m_high`` (Wilson
        interval, policy wilson.z) and ``m_n_ok`` (denominator of at least policy min_n). A quotient without
        denominator is None. Raises MetricError, NothingPublishedError.
        """
        state = self._current()
        wanted = [state.catalog.metric(name) for name in dict.fromkeys(metrics)]
        if not wanted:
            raise MetricError("Name at least one metric.")
        names = tuple(dict.fromkeys(name for metric in wanted for name in _columns(state.catalog, metric)))
        groups = {name: _qualified(state.catalog, name) for name in dict.fromkeys(group_by)}
        filters = list(filters)
        where = Where()
        where.add_filters(state.catalog, [*filters, *_missing_filters(state, wanted, groups, filters)])
        where.add_period(state.finest_grain(names), start, end)
        rows = []
        for raw in state.answer(names, tuple(groups.values()), where, self._seconds):
            row: Row = {
                name: _plain_date(raw[column]) if name in GRAINS else raw[column] for name, column in groups.items()
            }
            for metric in wanted:
                row.update(self._cells(state, metric, raw))
            rows.append(row)
        _sort(rows, order_by, tuple(groups), {name: state.ranks(name) for name in groups if name not in GRAINS})
        return rows if limit is None else rows[:limit]

    def catalog(self) -> list[Row]:
        """Every metric with all of its entry (see `Metric`), and the dimensions and grains it can be asked by."""
        state = self._current()
        return [{**asdict(metric), **state.groupings(name)} for name, metric in sorted(state.catalog.metrics.items())]

    def definition(self, metric: str) -> catalogs.Metric:
        """The entry of ``metric``. Raises MetricError."""
        return self._current().catalog.metric(metric)

    def dimensions(self) -> list[Row]:
        """Every dimension with its labels."""
        known = self._current().catalog.dimensions
        return [
            {"name": name, "label_zh": known[name].label_zh, "label_en": known[name].label_en} for name in sorted(known)
        ]

    def values(self, dimension: str) -> list[Any]:
        """Different non-empty values of ``dimension`` in the snapshot, in its order. Raises MetricError."""
        state = self._current()
        return state.values(state.catalog.dimension(dimension).name)

    def labels(self, dimension: str) -> dict[str, tuple[str, str]]:
        """Value -> (zh, en) of each value with a word of its own, in the order to show. Raises MetricError.

        Keys are text: ``"1"`` for Monday, ``"true"`` for true, as `value_key` writes them.
        """
        state = self._current()
        return state.labels(state.catalog.dimension(dimension).name)

    def policy_number(self, key: str) -> float:
        """Current value of a policy setting as published. Raises MetricError."""
        return self._current().number(key)

    def close(self) -> None:
        """Let go of the snapshot file; the next question opens it again."""
        with self._lock:
            if self._state:
                self._state.close()
            self._state = None

    def _current(self) -> _Generation:
        with self._lock:
            stamp = generation(self._settings)
            if self._state is None or self._state.stamp != stamp:
                # Not closed here: another thread may still read from it; it goes with its last reference.
                self._state = _Generation(self._settings, stamp)
            return self._state

    @staticmethod
    def _cells(state: _Generation, metric: catalogs.Metric, raw: Row) -> Row:
        value = _known(metric, raw)
        if metric.numerator is None or metric.denominator is None:
            return {metric.name: value}
        numerator, denominator = _known(state.catalog.metrics[metric.numerator], raw), raw[metric.denominator]
        cells = {metric.name: value, f"{metric.name}_num": numerator, f"{metric.name}_den": denominator}
        if metric.is_share:
            known = value is not None and denominator
            # Figures that a vendor counted may contradict each other: more answered than offered has no interval.
            fits = known and 0 <= (numerator or 0) <= denominator
            interval = wilson(float(numerator or 0), float(denominator), state.number("wilson.z")) if fits else None
            low, high = interval or (None, None)
            cells[f"{metric.name}_low"], cells[f"{metric.name}_high"] = low, high
            cells[f"{metric.name}_n_ok"] = bool(known) and denominator >= state.number("min_n")
        return cells


class _Generation:
    """One snapshot: its connection, its compiler, and what was read or compiled from it."""

    def __init__(self, settings: Settings, stamp: tuple[int, int, int] | None) -> None:
        self.stamp = stamp
        self._con = connect(settings)
        manifest = settings.published / SEMANTIC_MANIFEST
        if not manifest.exists():
            raise NothingPublishedError(f"{manifest.name} is missing beside the snapshot; run `dial2deal build` again.")
        self._manifest = manifest
        self.catalog: Catalog = catalogs.load(manifest)
        self.compile = lru_cache(_COMPILED_QUERIES)(self._compile)
        self._answers: OrderedDict[tuple[Any, ...], list[Row]] = OrderedDict()
        self._lock = threading.Lock()
        self.values = lru_cache(None)(self._values)
        self.labels = lru_cache(None)(self._labels)
        self.groupings = lru_cache(None)(self._groupings)

    @cached_property
    def _compiler(self) -> Compiler:
        """Made when the first question comes: the catalogue alone does not need MetricFlow."""
        return Compiler(self._manifest.read_text(encoding="utf-8"), self._dates())

    def _dates(self) -> set[str]:
        rows = self._con.cursor().execute(
            "select column_name from duckdb_columns() where database_name = 'warehouse' and schema_name = 'marts' "
            "group by column_name having bool_and(data_type = 'DATE')"
        )
        return {name for (name,) in rows.fetchall()}

    def _compile(self, metrics: tuple[str, ...], group_by: tuple[str, ...], where: tuple[str, ...]) -> str:
        return self._compiler.sql(metrics, group_by, where)

    def answer(
        self, metrics: tuple[str, ...], group_by: tuple[str, ...], where: Where, seconds: float | None
    ) -> list[Row]:
        """Rows of a question, from those kept if it was asked before. Raises MetricError."""
        question = (metrics, group_by, tuple(where.clauses), tuple((type(v), v) for v in where.values.values()))
        with self._lock:
            if question in self._answers:
                self._answers.move_to_end(question)
                return self._answers[question]
        rows = self._fetch(self.compile(*question[:3]), where.values, seconds)
        if len(rows) <= _ROWS_KEPT:
            with self._lock:
                self._answers[question] = rows
                if len(self._answers) > _ANSWERS_KEPT:
                    self._answers.popitem(last=False)
        return rows

    def _fetch(self, statement: str, values: dict[str, Any], seconds: float | None) -> list[Row]:
        cursor = self._con.cursor()
        alarm = threading.Timer(seconds, cursor.interrupt) if seconds else None
        try:
            if alarm:
                alarm.start()
            cursor.execute(statement, values or None)
            columns = [column[0] for column in cursor.description]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.InterruptException as error:
            raise MetricError(f"The question took longer than {seconds:g} s; ask for fewer days or groups.") from error
        except duckdb.Error as error:
            raise MetricError(f"The question is valid but could not be computed: {error}") from error
        finally:
            if alarm:
                alarm.cancel()

    def close(self) -> None:
        self._con.close()

    def _values(self, dimension: str) -> list[Any]:
        known = self.catalog.dimensions[dimension]
        rows = (
            self._con.cursor()
            .execute(
                f"select distinct {known.expression} as value from warehouse.{known.relation} "
                "where value is not null order by value"
            )
            .fetchall()
        )
        ranks = self.ranks(dimension)
        return sorted((row[0] for row in rows), key=lambda value: _ranked(value, ranks))

    def _labels(self, dimension: str) -> dict[str, tuple[str, str]]:
        known = self.catalog.dimensions[dimension]
        if known.values_from is None:
            return {value: (zh, en) for value, zh, en in known.values}
        table, column = known.values_from.split(".")
        rows = (
            self._con.cursor()
            .execute(f'select "{column}", label_zh, label_en from warehouse.policy."{table}" order by rowid')
            .fetchall()
        )
        labels: dict[str, tuple[str, str]] = {}
        for value, zh, en in rows:
            labels.setdefault(value_key(value), (zh, en))
        return labels

    def ranks(self, dimension: str) -> dict[str, int]:
        """Value -> place in the order to show, for the values that have one."""
        return {value: place for place, value in enumerate(self.labels(dimension))}

    def number(self, key: str) -> float:
        """A number of the published policy. Raises MetricError."""
        value = self._settings.get(key, (None, None))[0]
        if value is None:
            raise MetricError(f"The published policy has no number {key!r}.")
        return float(value)

    def text(self, key: str) -> str:
        """A setting of the published policy. Raises MetricError."""
        value = self._settings.get(key, (None, None))[1]
        if value is None:
            raise MetricError(f"The published policy has no setting {key!r}.")
        return value

    @cached_property
    def _settings(self) -> dict[str, tuple[float | None, str | None]]:
        rows = self._con.cursor().execute(
            "select key, max(value_number), max(value_text) from warehouse.policy.settings "
            "where scope = '' and valid_to is null group by key"
        )
        return {key: (number, text) for key, number, text in rows.fetchall()}

    def finest_grain(self, metrics: tuple[str, ...]) -> str:
        """The finest grain that all ``metrics`` know."""
        return max((self.catalog.metrics[name].grain for name in metrics), key=GRAINS.index)

    def _groupings(self, metric: str) -> dict[str, list[str]]:
        possible = self._compiler.dimensions(metric)
        return {
            "dimensions": sorted(n for n, d in self.catalog.dimensions.items() if d.qualified in possible),
            "grains": list(GRAINS[GRAINS.index(self.catalog.metrics[metric].grain) :]),
        }


def _columns(catalog: Catalog, metric: catalogs.Metric) -> list[str]:
    """The metric, its parts, and what tells whether any of these are known; of a ratio only the parts: see `_value`."""
    asked = (None if metric.is_ratio else metric.name, metric.numerator, metric.denominator)
    parts = [catalog.metric(name) for name in asked if name]
    return [name for part in parts for name in (part.name, part.known_by, part.unknown_by) if name]


def _known(metric: catalogs.Metric, raw: Row) -> Any:
    """The metric's value; None where all that it would add up is unknown, for a sum of nothing is 0."""
    if metric.unknown_by and metric.known_by and raw[metric.unknown_by] and not raw[metric.known_by]:
        return None
    return _value(metric, raw)


def _value(metric: catalogs.Metric, raw: Row) -> Any:
    """Divided here, as MetricFlow's SQL would: asked for it as well, DuckDB scans the facts once more for it."""
    if not metric.is_ratio or metric.numerator is None or metric.denominator is None:
        return raw[metric.name]
    numerator, denominator = raw[metric.numerator], raw[metric.denominator]
    return float(numerator) / float(denominator) if numerator is not None and denominator else None


def _missing_filters(
    state: _Generation, metrics: Iterable[catalogs.Metric], groups: Iterable[str], filters: Sequence[Filter]
) -> list[Filter]:
    settled = {*groups, *(name for name, operator, value in filters if str(operator).strip() == "=")}
    added = []
    for metric in metrics:
        for name in metric.within:
            if name in settled:
                continue
            if name not in _MEANT_BY_DEFAULT:
                raise MetricError(
                    f"{metric.name} adds up within one {name} only: group by {name}, or ask for one "
                    f"({name}={'|'.join(map(str, state.values(name)))})."
                )
            added.append((name, "=", state.text(_MEANT_BY_DEFAULT[name])))
            settled.add(name)
    return added


def _qualified(catalog: Catalog, name: str) -> str:
    return f"metric_time__{name}" if name in GRAINS else catalog.dimension(name).qualified


def _plain_date(value: Any) -> Any:
    return value.date() if isinstance(value, dt.datetime) else value


def _sort(
    rows: list[Row], order_by: Sequence[str], groups: Sequence[str], ranks: Mapping[str, Mapping[str, int]]
) -> None:
    """Stable sorts from the last key to the first; a dimension's values in its own order, then by themselves."""
    keys = [(name.removeprefix("-"), name.startswith("-")) for name in order_by]
    for name, _ in keys:
        if rows and name not in rows[0]:
            raise MetricError(f"Cannot order by {name!r}: it is not in the result ({', '.join(rows[0])}).")
    keys += [(name, False) for name in groups if name not in {key for key, _ in keys}]
    for name, descending in reversed(keys):
        places = ranks.get(name, {})
        rows.sort(key=lambda row: _ranked(row[name], places), reverse=descending)
        rows.sort(key=lambda row: row[name] is None)


def value_key(value: Any) -> str:
    """A dimension's value as the key of its label."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ranked(value: Any, places: Mapping[str, int]) -> tuple[int, Any]:
    if value is None:
        return (-1, 0)
    place = places.get(value_key(value)) if places else None
    return (place, 0) if place is not None else (len(places), float(value) if isinstance(value, Decimal) else value)
