"""Plain DuckDB: read_csv and SQL. ``python -m benchmarks.peers.duckdb_script LANDING FOLDER [views]``.

With ``views`` raw text and typed calls are views: only leads, orders and the five outputs are stored.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.peers.files import COLUMNS, delivered, say

HERE = Path(__file__).parent


def main(landing: str, folder: str, views: str = "") -> None:
    con = duckdb.connect(str(Path(folder) / "outputs.duckdb"))
    con.execute("set enable_progress_bar = false")
    con.execute("create macro to_char_month(t) as strftime(t, '%Y-%m')")
    for feed, columns in COLUMNS.items():
        types = ", ".join(f"'{column}': 'VARCHAR'" for column in columns.split())
        con.execute(
            f"create {'view' if views else 'table'} raw_{feed} as from read_csv({delivered(landing, feed)}, "
            f"header = true, auto_detect = false, delim = ',', quote = '\"', columns = {{{types}}})"
        )
    sql = (HERE / "outputs.sql").read_text(encoding="utf-8")
    con.execute(sql.replace("create table calls", "create view calls") if views else sql)
    say(con.execute((HERE / "control_sums.sql").read_text(encoding="utf-8")).fetchall())


if __name__ == "__main__":
    main(*sys.argv[1:])
