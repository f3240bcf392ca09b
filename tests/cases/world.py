"""Small exports with known right results, built together: one installation per folder beside this file.

``<world>/<case>.yml`` holds one case:

    why: what goes wrong in the world, in a sentence
    deliveries:                  # each is laid into landing, then built, the second on top of the first …
      - generic_400/calls/avg.csv: |
          call_id,start_time,...
    checks:
      - name: what is compared
        sql: select … from marts.fct_calls where call_date = '2026-03-02'
        expect: [[1, "connected"]]
        db: warehouse            # only for what is not published, as staging

All cases of a world share one warehouse, so each has days, ids and numbers of its own and asks for those only.
Bytes that are no UTF-8 stand as ``{bytes: <base64>}``, or ``{text: …, encoding: latin-1}``. ``<world>/policy/`` is
the installation's own policy, ``<world>/profiles/`` its own profiles.
"""

from __future__ import annotations

import base64
import shutil
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dial2deal.settings import Settings

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One case: its deliveries (landing path → content) and the rows that its questions must give."""

    world: str
    name: str
    why: str
    deliveries: list[dict[str, bytes]]
    checks: list[dict[str, Any]]


def worlds() -> list[str]:
    """Names of all worlds that hold a case."""
    return sorted({path.parent.name for path in HERE.glob("*/*.yml")})


def cases(world: str) -> list[Case]:
    """The cases of a world in the order of their names."""
    return [_case(path) for path in sorted((HERE / world).glob("*.yml"))]


def build(world: str, home: Path) -> Settings:
    """The installation of a world, each round of deliveries built by the job that ``dial2deal build`` runs."""
    from orchestration import run

    settings = Settings(home=home).ensure()
    for folder in ("policy", "profiles"):
        if (HERE / world / folder).exists():
            shutil.copytree(HERE / world / folder, home / folder, dirs_exist_ok=True)
    here = cases(world)
    for round_ in range(max(len(case.deliveries) for case in here)):
        for case in here:
            for path, content in (case.deliveries[round_] if round_ < len(case.deliveries) else {}).items():
                target = settings.landing / path
                assert not target.exists(), f"{case.name}: two cases deliver {path}"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        outcome = run.build(settings, reports=False)
        assert outcome.ok, [*outcome.build.problems, *(p for run_ in outcome.reports for p in run_.problems)]
    return settings


def ask(settings: Settings, sql: str, db: str = "snapshot") -> list[list[Any]]:
    """Rows of the published snapshot or the warehouse, as YAML can say them: dates as text, decimals as numbers."""
    path = settings.warehouse if db == "warehouse" else settings.snapshot
    with duckdb.connect(str(path), read_only=True) as con:
        return [[_plain(value) for value in row] for row in con.execute(sql).fetchall()]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if isinstance(value, (int, float, str, type(None), list)) else str(value)


def _case(path: Path) -> Case:
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    rounds = [{name: _content(content) for name, content in delivery.items()} for delivery in told["deliveries"]]
    return Case(path.parent.name, path.stem, told["why"], rounds, told["checks"])


def _content(content: str | dict[str, str]) -> bytes:
    if isinstance(content, str):
        return content.encode()
    if "bytes" in content:
        return base64.b64decode(content["bytes"])
    return content["text"].encode(content["encoding"])
