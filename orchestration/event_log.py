"""Dagster's SQLite event log with connections kept open and batches written in one transaction.

Dagster creates an SQLAlchemy engine, opens the file, compiles the statement and closes the file again for every
event: 17 ms of CPU each, and a build has several hundred. The files are the same as those of the default storage,
so either can read what the other wrote.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage

_BUSY_TIMEOUT_SECONDS = 60
_KEPT_RUNS = 8


class PooledSqliteEventLogStorage(SqliteEventLogStorage):
    """Named in dagster.yaml; differs from its parent in how connections are made, in nothing else."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._engines_lock = threading.Lock()
        self._open = threading.local()
        super().__init__(base_dir=base_dir, inst_data=inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: dict[str, Any]) -> PooledSqliteEventLogStorage:
        # Where Dagster's default storage keeps it; a path in dagster.yaml would break when the folder moves.
        return cls(f"{os.environ['DAGSTER_HOME']}/history/runs", inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        inside = getattr(self._open, "connections", {}).get(shard)
        if inside is not None:
            yield inside
            return
        with self._engine(shard).connect() as connection, connection.begin():
            yield connection

    @cached_property
    def supports_asset_checks(self) -> bool:
        """Asked for every check event; the answer cannot change while the process lives."""
        return super().supports_asset_checks

    def store_event_batch(self, events: Sequence[Any]) -> None:
        """All events of one run in one transaction per file; Dagster stores them one by one when this raises."""
        run_id = events[0].run_id
        with self._connect(run_id) as run, self._connect(INDEX_SHARD_NAME) as index:
            self._open.connections = {run_id: run, INDEX_SHARD_NAME: index}
            try:
                for event in events:
                    self.store_event(event)
            finally:
                self._open.connections = {}

    def _engine(self, shard: str) -> sa.Engine:
        with self._engines_lock:
            return self._kept_engine(shard)

    def _kept_engine(self, shard: str) -> sa.Engine:
        engine = self._engines.pop(shard, None)
        if engine is None:
            engine = sa.create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": _BUSY_TIMEOUT_SECONDS}
            )
            sa.event.listen(engine, "connect", _trust_the_journal)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
        self._engines[shard] = engine
        while len(self._engines) > _KEPT_RUNS:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def dispose(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()


def _trust_the_journal(connection: Any, _: Any) -> None:
    """With a write-ahead log, syncing at checkpoints is enough for a consistent file after a crash."""
    connection.execute("PRAGMA synchronous = NORMAL")
