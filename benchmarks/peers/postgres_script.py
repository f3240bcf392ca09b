"""PostgreSQL of its own: a server is made, COPY and the same SQL run. ``… postgres_script LANDING FOLDER``.

Its CPU counts: the server is a child of this process. Needs initdb and pg_ctl of a server package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.files import COLUMNS, delivered, say

HERE = Path(__file__).parent
_SETTINGS = (
    "shared_buffers=2GB work_mem=256MB maintenance_work_mem=1GB max_wal_size=8GB wal_level=minimal max_wal_senders=0 "
    "synchronous_commit=off jit=off listen_addresses="
)


def programs() -> Path | None:
    """Folder of initdb, postgres and psql, where Debian puts it or on PATH; None where there is no server."""
    on_path = [Path(found).parent] if (found := shutil.which("initdb")) else []
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *on_path]
    needed = ("initdb", "postgres", "psql")
    return next((folder for folder in folders if all((folder / name).exists() for name in needed)), None)


def main(landing: str, folder: str) -> None:
    bin_, data = programs(), Path(folder) / "data"
    if bin_ is None:
        raise SystemExit("There is no PostgreSQL server on this machine.")
    # The server refuses to run as root.
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, "postgres")
        Path(folder).parent.chmod(0o711)
    subprocess.run(
        [bin_ / "initdb", "-D", data, "-E", "UTF8", "--no-locale", "-A", "trust"],
        check=True,
        stdout=subprocess.DEVNULL,
        **user,
    )
    options = [option for setting in _SETTINGS.split() for option in ("-c", setting)]
    server = subprocess.Popen(
        [bin_ / "postgres", "-D", data, "-k", folder, *options], stderr=subprocess.DEVNULL, **user
    )
    try:
        _query(bin_, folder, _script(landing), user, tries=50)
        sums = _query(bin_, folder, (HERE / "control_sums.sql").read_text(encoding="utf-8"), user)
    finally:
        server.terminate()
        server.wait()
    say(tuple(line.split("|")) for line in sums.splitlines())


def _script(landing: str) -> str:
    lines = [
        "begin; create function to_char_month(timestamp) returns text language sql immutable as "
        "$$ select to_char($1, 'YYYY-MM') $$;"
    ]
    for feed, columns in COLUMNS.items():
        lines.append(f"create table raw_{feed} ({', '.join(f'{column} text' for column in columns.split())});")
        lines += [f"\\copy raw_{feed} from '{path}' (format csv, header)" for path in delivered(landing, feed)]
    sql = (HERE / "outputs.sql").read_text(encoding="utf-8")
    for table, read in (("leads", "raw_calls calls"), ("fct_calls", "leads orders"), ("agent_days", "fct_calls")):
        sql = sql.replace(f"create table {table} ", f"analyze {', '.join(read.split())};\ncreate table {table} ")
    return "\n".join([*lines, "commit;", sql])


def _query(bin_: Path, folder: str, sql: str, user: dict, tries: int = 1) -> str:
    command = [
        bin_ / "psql",
        "-h",
        folder,
        "-U",
        "postgres" if user else os.environ["USER"],
        "-d",
        "postgres",
        "-q",
        "-At",
        "-v",
        "ON_ERROR_STOP=1",
    ]
    for _ in range(tries - 1):
        if subprocess.run([*command, "-c", "select 1"], capture_output=True, check=False, **user).returncode == 0:
            break
        subprocess.run(["sleep", "0.2"], check=True)
    return subprocess.run(command, input=sql, text=True, check=True, stdout=subprocess.PIPE, **user).stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
