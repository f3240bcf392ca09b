"""The border of the engines as code: staging is DuckDB's, everything later must build on Spark as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

# Words that DuckDB and Spark read as the same type; `varchar` without a length is an error on Spark.
_PORTABLE_TYPE = re.compile(
    r"string|boolean|integer|bigint|double|date|timestamp|decimal\(\d+, ?\d+\)|array<(string|bigint|date)>"
)
_BEFORE_THE_BORDER = ("staging", "quality")
_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)


def portable_contracts(root: Path) -> list[str]:
    """From intermediate on a contract names types by words that both engines read alike."""
    folder = root / "dbt_project/models"
    return [
        f"{model['name']}.{column['name']} is {column['data_type']}"
        for path in sorted(folder.rglob("*.yml"))
        if path.relative_to(folder).parts[0] not in _BEFORE_THE_BORDER
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", [])
        for column in model.get("columns", [])
        if "data_type" in column and not _PORTABLE_TYPE.fullmatch(column["data_type"])
    ]


def later_layers_need_no_parser(root: Path) -> list[str]:
    """No model from intermediate on reaches, by whatever macro, one of ``macros/engine/staging.sql``."""
    bodies, of_staging = {}, set()
    for path in sorted((root / "dbt_project/macros").rglob("*.sql")):
        for found in _MACRO.finditer(re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)):
            bodies[found.group(1)] = found.group(0)[found.group(0).index("(") :]
            if path.relative_to(root / "dbt_project/macros").parts == ("engine", "staging.sql"):
                of_staging.add(found.group(1))
    offences = []
    folder = root / "dbt_project/models"
    for path in sorted(folder.rglob("*.sql")):
        if path.relative_to(folder).parts[0] not in _BEFORE_THE_BORDER:
            text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            offences += [
                f"{path.relative_to(root)} reaches {name}" for name in sorted(_reached(text, bodies) & of_staging)
            ]
    return offences


def _reached(text: str, bodies: dict[str, str]) -> set[str]:
    """Macros that the Jinja of ``text`` calls, directly or by others."""
    reached: set[str] = set()
    waiting = [text]
    while waiting:
        jinja = " ".join(re.findall(r"\{\{.*?\}\}|\{%.*?%\}", waiting.pop(), re.DOTALL))
        called = {name for name in re.findall(r"\b(\w+)\(", jinja) if name in bodies} - reached
        reached |= called
        waiting += [bodies[name] for name in called]
    return reached
