"""The key of the customer hash: one in the warehouse and in its file beside it."""

from __future__ import annotations

import logging
import os
import re
import secrets
from pathlib import Path

import duckdb

from dial2deal.settings import Settings

_KEY = re.compile("[0-9a-f]{64}")
_log = logging.getLogger(__name__)


class SecretKeyError(RuntimeError):
    """The key of the customer hash is not one; the message says what to do."""


def settle(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """One key in the warehouse and in its file. The warehouse's counts: its customers were keyed with it."""
    row = con.execute("select customer_hash_key from ops.secrets").fetchone()
    if row is None:
        if not settings.secret_key.exists():
            _write_key(settings.secret_key, secrets.token_hex(32))
        con.execute("insert into ops.secrets values (?)", [_read_key(settings.secret_key)])
    elif not _KEY.fullmatch(row[0]):
        raise SecretKeyError(
            "The key of the customer hash in the warehouse is not 64 hexadecimal digits, so customer "
            f"keys protect nobody. Move {settings.warehouse.name} and {settings.secret_key.name} away "
            "and run 'dial2deal build': both are made anew from landing."
        )
    elif not settings.secret_key.exists():
        _log.warning(f"{settings.secret_key} was gone and is written again from the warehouse.")
        _write_key(settings.secret_key, row[0])


def _read_key(path: Path) -> str:
    text = path.read_bytes().decode("ascii", "replace").strip()
    if not _KEY.fullmatch(text):
        raise SecretKeyError(
            f"{path} does not hold 64 hexadecimal digits: it is cut or was overwritten. Put it back "
            "from a backup, or delete it to have a new one made."
        )
    return text


def _write_key(path: Path, key: str) -> None:
    """Whole or not at all: an empty key would hash customers with nothing that others do not know."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(key + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(fresh, path)  # never over a key that another process has just made
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
