"""The last step before readers: whatever a table holds, no full phone number is copied from the warehouse."""

from __future__ import annotations

import re

import duckdb

from dial2deal.sql import identifier, only_row

# Sentences and raw lines; everything else names something, and must still tell it from others afterwards.
_SENTENCE = re.compile(r"(^|_)(message|reason|raw_line|notes?|description|opening|action|stated|value)(_zh|_en)?$")
_OWN = ("own_number", "line_id")
_JSON = ("details", "repairs", "unknown_columns", "filled_columns", "row_json", "incomplete_files", "table_rows")


def select(con: duckdb.DuckDBPyConnection, relation: str) -> str:
    """``select`` of all columns of ``relation``, numbers in texts masked. Other types pass as they are: money is none.

    ``relation`` is in the warehouse that ``con`` has open, which has the masking macros and the secret key.
    """
    columns = con.execute(f"describe from {relation}").fetchall()
    (key,) = only_row(con.execute("select customer_hash_key from warehouse.ops.secrets"))
    shown = []
    for name, kind, *_ in columns:
        quoted = identifier(name)
        if kind == "VARCHAR":
            shown.append(f"{_masked(name, quoted, key)} as {quoted}")
        elif kind == "VARCHAR[]":
            shown.append(f"list_transform({quoted}, lambda part: {_masked(name, 'part', key)}) as {quoted}")
        else:
            shown.append(quoted)
    return f"select {', '.join(shown)} from {relation}"


def _masked(name: str, value: str, key: str) -> str:
    if name in _JSON:
        return (
            f"list_transform([warehouse.parse.mask_text({value})], "
            f"lambda m: case when json_valid(m) then m else {value} end)[1]"
        )
    if _SENTENCE.search(name):
        return f"warehouse.parse.mask_text({value})"
    masked = f"warehouse.parse.mask_id({value}, '{key}')"
    # The company's own land lines are public; a mobile is somebody's even when the company pays for it.
    return f"case when warehouse.parse.is_landline({value}) then {value} else {masked} end" if name in _OWN else masked
