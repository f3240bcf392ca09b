"""What each step of the last builds took and handed on, in ops.build_steps: a retry and a person find it there."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, TypeVar

import duckdb
from pydantic import TypeAdapter

from dial2deal.sql import literal
from dial2deal.warehouse.state import transaction

LOAD, AUDIT, TRANSFORM, GATE, PUBLISH = "load", "audit", "transform", "gate", "publish"
KEPT_BUILDS = 50
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Clock:
    """Runs from the moment it is made."""

    began: float = field(default_factory=time.perf_counter)
    cpu_began: float = field(default_factory=time.process_time)

    @property
    def seconds(self) -> float:
        """Wall-clock seconds so far."""
        return round(time.perf_counter() - self.began, 3)

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of this process so far."""
        return round(time.process_time() - self.cpu_began, 3)


def record(con: duckdb.DuckDBPyConnection, build_id: str, step: str, clock: Clock, result: Any = None) -> None:
    """Replace the row of this step of a build, with ``result`` (a data class) as JSON; forget the oldest builds."""
    # Text instead of bound parameters: the first of those imports pandas, 0.2 CPU s of a build without news.
    text = "null" if result is None else literal(TypeAdapter(type(result)).dump_json(result).decode())
    row = (
        f"{literal(build_id)}, {literal(step)}, now() at time zone 'UTC', {clock.seconds}, {clock.cpu_seconds}, {text}"
    )
    with transaction(con):
        con.execute(f"delete from ops.build_steps where build_id = {literal(build_id)} and step = {literal(step)}")
        con.execute(f"insert into ops.build_steps values ({row})")
        con.execute(
            "create or replace temp table kept_builds as select build_id from ops.build_steps group by all "
            f"order by max(finished_at) desc limit {KEPT_BUILDS}"
        )
        for table in ("ops.build_steps", "ops.node_runs"):
            con.execute(f"delete from {table} where build_id not in (from temp.kept_builds)")


def result_of(con: duckdb.DuckDBPyConnection, build_id: str, step: str, kind: type[Kind]) -> Kind | None:
    """What `record` kept; None when the step has not run or what it kept cannot be read (another version)."""
    row = con.execute(
        f"select result from ops.build_steps where build_id = {literal(build_id)} and step = {literal(step)}"
    ).fetchone()
    try:
        return TypeAdapter(kind).validate_json(row[0]) if row and row[0] else None
    except ValueError:
        return None
