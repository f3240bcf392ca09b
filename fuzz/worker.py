"""One process of a fuzz run: rounds of damaged files through the real loader in a home of its own."""

from __future__ import annotations

import json
import pickle
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import duckdb

from dial2deal import loading, policy, warehouse
from dial2deal.loading import together
from dial2deal.settings import Settings
from fuzz.checks import Rows, in_warehouse, violations
from fuzz.mutations import mutate
from fuzz.seeds import Seed
from fuzz.wrap import KINDS, damage, wrap

ROUND = 100
_ROUNDS_PER_HOME = 10
_WRAPPED = 0.08
_SINGLE = 0.1


class Home:
    """An installation to load into; made once, then copied, as making one takes longer than loading a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        for left in folder.glob("home*"):  # by a process that was killed
            shutil.rmtree(left)
        self._template = Settings(home=folder / "template").ensure()
        self.rules = policy.load(self._template)
        with warehouse.session(self._template) as con:
            policy.sync(con, self.rules)
            loading.load_landing(con, self._template, self.rules)

    @contextmanager
    def fresh(self) -> Iterable[Settings]:
        """A new empty installation, removed afterwards."""
        self._number += 1
        home = self._folder / f"home{self._number}"
        shutil.copytree(self._template.home, home)
        try:
            yield Settings(home=home)
        finally:
            shutil.rmtree(home, ignore_errors=True)


def run(folder: Path, seeds: list[Seed], *, seed: int, first: int, count: int) -> dict:
    """Load ``count`` damaged files numbered from ``first``; findings are written below ``folder``/findings.

    ``folder``/heartbeat holds the numbers being loaded, for whoever watches that this process does not hang.
    """
    home = Home(folder)
    statuses: Counter[str] = Counter()
    number, end = first, first + count
    began = time.process_time()
    while number < end:
        with home.fresh() as settings, warehouse.session(settings) as con:
            for _ in range(_ROUNDS_PER_HOME):
                numbers = range(number, min(number + ROUND, end))
                if not numbers:
                    break
                (folder / "heartbeat").write_text(json.dumps([numbers.start, numbers.stop]))
                found = _round(con, settings, home, seeds, seed, numbers, folder / "findings")
                with (folder / "done.jsonl").open("a") as done:
                    done.write(json.dumps(found) + "\n")
                statuses += found
                number = numbers.stop
                _progress(folder, number, statuses, began)
    return dict(statuses)


def load(settings: Settings, files: dict[str, bytes]) -> dict[str, list[str]]:
    """Load ``files`` into an empty installation; what is wrong by path, nothing when all is well."""
    _deliver(settings, files)
    rules = policy.load(settings)
    with warehouse.session(settings) as con:
        return _check(con, settings, loading.load_landing(con, settings, rules))


def files_of(seeds: list[Seed], seed: int, numbers: range) -> dict[str, bytes]:
    """The damaged files of one round: path below landing → content; the same for the same arguments.

    All are of one folder, so that many of them keep a common shape and are loaded together.
    """
    folder = random.Random(f"{seed} {numbers.start}").choice(sorted({s.folder for s in seeds}))
    chosen = [s for s in seeds if s.folder == folder]
    others = [s.content for s in seeds]
    return dict(_damaged(random.Random(f"{seed} {number}"), chosen, others, number) for number in numbers)


def _deliver(settings: Settings, files: dict[str, bytes]) -> None:
    """Write ``files`` below landing."""
    for relative, content in files.items():
        path = settings.landing / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _check(
    con: duckdb.DuckDBPyConnection, settings: Settings, results: list[loading.FileResult]
) -> dict[str, list[str]]:
    """What is wrong, by path; nothing when all is well."""
    rows = in_warehouse(con)
    wrong = {}
    for result in results:
        found = violations(result, rows.get(result.file_id, Rows()), settings.landing / result.path)
        if found:
            wrong[result.path] = found
    return wrong


def _damaged(chance: random.Random, seeds: list[Seed], others: list[bytes], number: int) -> tuple[str, bytes]:
    chosen = chance.choice(seeds)
    content, suffix = chosen.content, Path(chosen.name).suffix
    if content.startswith(b"PK"):
        content = damage(chance, content)
    elif chance.random() < _WRAPPED:
        kind = chance.choice(KINDS)
        content = wrap(chance, kind, mutate(chance, content, others))
        content = damage(chance, content) if chance.random() < 0.4 else content
        suffix = f".{kind}"
    else:
        content = mutate(chance, content, others)
    return f"{chosen.folder}/{number:07d}{suffix}", content


def _round(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    home: Home,
    seeds: list[Seed],
    seed: int,
    numbers: range,
    findings: Path,
) -> Counter[str]:
    files = files_of(seeds, seed, numbers)
    _deliver(settings, files)
    single = random.Random(f"{seed} {numbers.start}").random() < _SINGLE
    try:
        with mock.patch.object(together, "_MAX_FILES", 1 if single else 500):
            results = loading.load_landing(con, settings, home.rules)
        wrong = _check(con, settings, results)
        statuses = Counter(r.status for r in results)
    except Exception as error:
        wrong = {path: [f"load_landing raised {type(error).__name__}: {error}"[:500]] for path in files}
        statuses = Counter(raised=len(files))
    for path, problems in wrong.items():
        save(findings, path, files.get(path.split("!")[0], b""), problems)
    shutil.rmtree(settings.landing)
    settings.ensure()
    con.execute("delete from ops.quarantine")
    for table in ("export_files", "landing_paths", "file_overlaps", "file_totals", "moved_ids"):
        con.execute(f"delete from ops.{table}")
    for (table,) in con.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' "
        "and database_name = current_database() and estimated_size > 0"
    ).fetchall():
        con.execute(f'delete from raw."{table}"')
    return statuses


def save(findings: Path, path: str, content: bytes, problems: list[str]) -> None:
    """Keep a file and, beside it, what is wrong with it."""
    target = findings / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.with_name(target.name + ".why.txt").write_text("\n".join(problems), encoding="utf-8")


def _progress(folder: Path, number: int, statuses: Counter, began: float) -> None:
    (folder / "progress.json").write_text(
        json.dumps({"next": number, "statuses": dict(statuses), "cpu_seconds": round(time.process_time() - began, 1)})
    )


if __name__ == "__main__":
    work, seed_number, start, how_many = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    run(work, pickle.loads((work.parent / "seeds.pickle").read_bytes()), seed=seed_number, first=start, count=how_many)
