"""Structure rules as code: each lint takes a project tree and returns its offences, one line each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

# The formatter writes a fifth more lines than were written by hand; a file of 400 of those is one of 500 now.
MAX_LINES = 500
MAX_YAML_LINES, MAX_YAML_COLUMNS = 300, 120
_METRIC_WORDS = {
    "kind": ("count", "sum", "money", "share", "ratio"),
    "good": ("up", "down", "none"),
    "null_when": ("never", "no_rows", "no_denominator", "unknown"),
}
_SOURCE_FOLDERS = ("dial2deal", "orchestration", "dbt_project", "tests", "benchmarks", "fuzz", "docs")
# A layer may read itself and the layers in its set; sources are read where raw data is typed and audited.
_LAYERS = {
    "staging": {"staging"},
    "quality": {"staging", "quality"},
    "intermediate": {"staging", "quality", "intermediate"},
    "core": {"staging", "quality", "intermediate", "core"},
    "marts": {"core", "marts"},
    "semantic": {"core", "marts"},
}
# Layers whose models lie in the folder of their topic.
_BY_TOPIC = ("intermediate", "marts", "semantic")
_SOURCES_ALLOWED = {
    "staging": {"raw", "ops", "policy"},
    "quality": {"raw", "ops", "policy"},
    "intermediate": {"ops", "policy"},
    "core": {"ops", "policy"},
    "marts": {"ops", "policy"},
    "semantic": set(),
}
_ENGINE_SPECIFIC = re.compile(
    r"\b(strftime|strptime|epoch|epoch_ms|list_[a-z]+|unnest|regexp_matches|regexp_replace|date_diff|datediff|"
    r"generate_series|arg_max|arg_min|sha256|hash|json_extract[a-z_]*|string_agg|listagg|quantile_cont|isodow|"
    r"dayofweek|count_if|struct_pack|explode|date_format|to_timestamp|approx_quantile|log)\s*\(",
    re.IGNORECASE,
)
_ENGINE_SYNTAX = re.compile(
    r"(\bexclude\s*\(|->>|\bextract\s*\(\s*(epoch|dow|isodow)\b|[^/]//[^/]|\\[dws])", re.IGNORECASE
)
# Numbers that are limits of a business rule; 0, 1 and other structure constants are not.
_THRESHOLD = re.compile(r"(?:[<>]=?|!=|<>|=|between)\s*(\d+(?:\.\d+)?)\b", re.IGNORECASE)
_HARMLESS_NUMBERS = {"0", "1", "0.0", "1.0", "1.00", "100"}
# A run of digits inside a hash or an id is no number.
_MOBILE = re.compile(r"(?<![0-9A-Za-z_.])(?:\+?86)?1[3-9]\d{9}(?![0-9A-Za-z])")


def layer_direction(root: Path) -> list[str]:
    """dbt models read only their own layer and earlier ones, and sources only where allowed."""
    layer_of = {path.stem: path.relative_to(root / "dbt_project/models").parts[0] for path in _models(root)}
    offences = []
    for path in _models(root):
        layer = layer_of[path.stem]
        text = _without_comments(path.read_text(encoding="utf-8"))
        if layer not in _LAYERS:
            offences.append(f"{path.relative_to(root)} lies in unknown layer {layer}")
            continue
        for name in re.findall(r"ref\(\s*['\"](\w+)['\"]\s*\)", text):
            other = layer_of.get(name)
            if other is not None and other not in _LAYERS[layer]:
                offences.append(f"{path.relative_to(root)} ({layer}) reads {name} ({other})")
        for name in re.findall(r"source\(\s*['\"](\w+)['\"]", text):
            if name not in _SOURCES_ALLOWED[layer]:
                offences.append(f"{path.relative_to(root)} ({layer}) reads source {name}")
    return offences


def models_by_topic(root: Path) -> list[str]:
    """What is made for a topic lies in that topic's folder, and nowhere deeper: ``<layer>/<topic>/<file>``."""
    folder = root / "dbt_project/models"
    return [
        f"{path.relative_to(root)} stands in no topic's folder"
        for layer in _BY_TOPIC
        for path in sorted((folder / layer).rglob("*.*"))
        if path.is_file() and len(path.relative_to(folder).parts) != 3
    ]


def tests_read_what_was_replaced(root: Path) -> list[str]:
    """No test spells which rows the build replaced: the model's config says it, macro get_where_subquery adds it."""
    return [
        f"{path.relative_to(root)}:{number} spells what get_where_subquery adds"
        for path in sorted((root / "dbt_project/models").rglob("*.yml"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"\bops\.(build_dates|touched_keys)\b", line)
    ]


def models_documented(root: Path) -> list[str]:
    """Every model says its grain first ("One row per …"), tests its key, and describes its columns if published."""
    described = {entry["name"]: entry for entry in _model_entries(root)}
    offences = []
    for path in _models(root):
        entry = described.get(path.stem)
        if entry is None:
            offences.append(f"{path.relative_to(root)} has no entry in a yml file")
            continue
        if not re.match(r"\s*One row per\b", str(entry.get("description", ""))):
            offences.append(f"{path.stem}: the description must begin with its grain, 'One row per …'")
        tests = [*entry.get("data_tests", [])]
        for column in entry.get("columns", []):
            tests += column.get("data_tests", [])
        if not any(_test_name(test).startswith("unique") for test in tests):
            offences.append(f"{path.stem}: no test of its key (unique or unique_combination)")
        if path.relative_to(root / "dbt_project/models").parts[0] in ("core", "marts"):
            columns = entry.get("columns", [])
            if not columns:
                offences.append(f"{path.stem}: published but without columns")
            offences += [
                f"{path.stem}.{column['name']}: no description"
                for column in columns
                if not str(column.get("description", "")).strip()
            ]
    return offences


def metrics_documented(root: Path) -> list[str]:
    """Every entry of the semantic layer is complete, agrees with itself, and stands in a file people can read."""
    offences, entries = [], {}
    for path in sorted((root / "dbt_project/models/semantic").rglob("*.yml")):
        text, name = path.read_text(encoding="utf-8"), str(path.relative_to(root))
        lines = text.splitlines()
        offences += [f"{name} has {len(lines)} lines"] if len(lines) > MAX_YAML_LINES else []
        offences += [f"{name}:{n} is too wide" for n, line in enumerate(lines, 1) if len(line) > MAX_YAML_COLUMNS]
        content = yaml.safe_load(text) or {}
        for model in content.get("semantic_models", []):
            offences += _dimension_offences(name, model)
        for metric in content.get("metrics", []):
            entries[metric["name"]] = metric
            offences += [f"{name}: metric {metric['name']} {what}" for what in _metric_offences(metric)]
    for metric in entries.values():
        meta, parts = _meta(metric), metric.get("type_params", {})
        if metric.get("type") == "ratio" and {parts["numerator"], parts["denominator"]} <= set(entries):
            needed = {feed for part in parts.values() for feed in _meta(entries[part]).get("feeds", [])}
            if needed != set(meta.get("feeds", [])):
                offences.append(f"metric {metric['name']} needs the feeds of its parts: {sorted(needed)}")
    return offences


def intervals_of_metrics(root: Path) -> list[str]:
    """A mart's rate with an interval is a metric's: macro metric_rate writes it from the entry."""
    return [
        f"{path.relative_to(root)} computes an interval by itself"
        for path in sorted((root / "dbt_project/models").rglob("*.sql"))
        if re.search(r"\bwilson_(low|high)\s*\(", path.read_text(encoding="utf-8"))
    ]


def _metric_offences(metric: dict) -> Iterator[str]:
    meta, kind, measure = _meta(metric), metric.get("type"), metric.get("type_params", {}).get("measure", {})
    if not metric.get("label") or len(str(metric.get("description", ""))) < 8:
        yield "lacks a label or a description"
    missing = sorted({"label_en", "requirements", "feeds", "unit", *_METRIC_WORDS} - set(meta))
    if missing:
        yield f"lacks {', '.join(missing)}"
        return
    for key, words in _METRIC_WORDS.items():
        if meta[key] not in words:
            yield f"has {key} {meta[key]!r}, none of {', '.join(words)}"
    if not meta["requirements"] or not all(re.fullmatch(r"(R\d{3}|[DXS]\.?\d+)", str(r)) for r in meta["requirements"]):
        yield "names no requirement such as R101"
    if kind == "ratio" and {"numerator", "denominator"} & set(meta):
        yield "repeats its numerator and denominator"
    filled = "never" if "fill_nulls_with" in measure else "no_rows"
    expected = "unknown" if "known_by" in meta else filled if kind == "simple" else "no_denominator"
    if meta["null_when"] != expected:
        yield f"is empty when {expected}, not when {meta['null_when']}"


def _dimension_offences(name: str, model: dict) -> Iterator[str]:
    for entry in model.get("dimensions", []):
        if entry["type"] == "categorical" and not (entry.get("label") and _meta(entry).get("label_en")):
            yield f"{name}: dimension {entry['name']} lacks a label in one language"
    for entry in (*model.get("dimensions", []), *model.get("entities", [])):
        if entry.get("label") and not _meta(entry).get("label_en"):
            yield f"{name}: {entry['name']} has a label in one language only"
        for value, words in _meta(entry).get("values", {}).items():
            if not isinstance(value, str) or set(words) != {"zh", "en"} or not all(words.values()):
                yield f"{name}: value {value!r} of {entry['name']} lacks a word in one language"


def _meta(entry: dict) -> dict:
    return (entry.get("config") or {}).get("meta") or {}


def engine_specific_sql(root: Path) -> list[str]:
    """Engine-specific functions stand only in dbt_project/macros/engine."""
    offences = []
    for path in _portable_sql(root):
        for number, line in enumerate(_without_comments(path.read_text(encoding="utf-8")).splitlines(), 1):
            for found in (*_ENGINE_SPECIFIC.finditer(line), *_ENGINE_SYNTAX.finditer(line)):
                if not _inside_jinja(line, found.start()):
                    offences.append(f"{path.relative_to(root)}:{number} {found.group(0).strip()}")
    return offences


def magic_thresholds(root: Path) -> list[str]:
    """No limit of a business rule is a literal in SQL: rules live in policy/."""
    offences = []
    for path in _portable_sql(root):
        for number, line in enumerate(_without_comments(path.read_text(encoding="utf-8")).splitlines(), 1):
            for value in _THRESHOLD.findall(line):
                if value not in _HARMLESS_NUMBERS:
                    offences.append(f"{path.relative_to(root)}:{number} compares with {value}")
    return offences


def file_sizes(root: Path) -> list[str]:
    """No source file is longer than MAX_LINES lines."""
    offences = []
    for folder in _SOURCE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".sql") and "vendor" not in path.parts and "target" not in path.parts:
                lines = path.read_text(encoding="utf-8").count("\n")
                if lines > MAX_LINES:
                    offences.append(f"{path.relative_to(root)} has {lines} lines")
    return offences


def modules_left_out(root: Path) -> list[str]:
    """No test module as a whole is kept out of ``make test``: what nobody runs breaks unseen."""
    return [
        f"{path.relative_to(root)} marks the whole module slow"
        for path in sorted((root / "tests").rglob("*.py"))
        if re.search(r"^pytestmark\b.*\bmark\.slow\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]


def foreign_hosts(root: Path) -> list[str]:
    """Locks and configuration name no package registry and no machine's absolute path."""
    pattern = re.compile(
        r"https?://[^\s\"']*(pypi|npmjs|registry)|--(extra-)?index-url|--find-links|"
        r"(?<![\w./-])/(root|home|work|opt|Users)/[A-Za-z]"
    )
    offences = []
    for path in (
        *root.glob("*.lock"),
        *root.glob("*.toml"),
        *root.glob("*.yaml"),
        *root.glob("*.md"),
        root / "Makefile",
        *(root / "docs").rglob("*.md"),
        *(root / "dial2deal").rglob("*.py"),
        *(root / "orchestration").rglob("*.py"),
        *(root / "dbt_project").rglob("*.yml"),
    ):
        if path.is_file():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if pattern.search(line):
                    offences.append(f"{path.relative_to(root)}:{number} {line.strip()[:80]}")
    return offences


def phone_numbers(folder: Path, skip: tuple[str, ...] = ()) -> list[str]:
    """Files below ``folder`` that hold a full mobile number; ``skip`` names path parts that may.

    Offences show the number masked, so that the check itself leaks nothing.
    """
    offences = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or set(skip) & set(path.relative_to(folder).parts):
            continue
        found = _MOBILE.search(path.read_bytes().decode("utf-8", errors="replace"))
        if found:
            offences.append(f"{path.relative_to(folder)}: {found.group(0)[:-8]}********")
    return offences


def _models(root: Path) -> list[Path]:
    return sorted((root / "dbt_project/models").rglob("*.sql"))


def _portable_sql(root: Path) -> Iterator[Path]:
    for path in sorted((root / "dbt_project").rglob("*.sql")):
        if "engine" not in path.parts and "target" not in path.parts:
            yield path
    yield from sorted((root / "dial2deal/reports/queries").glob("*.sql"))


def _model_entries(root: Path) -> Iterator[dict]:
    for path in sorted((root / "dbt_project/models").rglob("*.yml")):
        yield from (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", [])


def _test_name(test: str | dict) -> str:
    return test if isinstance(test, str) else str(test.get("test_name") or next(iter(test)))


def _without_comments(sql: str) -> str:
    sql = re.sub(r"\{#.*?#\}", lambda m: "\n" * m.group(0).count("\n"), sql, flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", sql)


def _inside_jinja(line: str, position: int) -> bool:
    """A macro call such as {{ string_agg(…) }} is the allowed way to reach an engine's function."""
    opened = max(line.rfind("{{", 0, position), line.rfind("{%", 0, position))
    closed = max(line.rfind("}}", 0, position), line.rfind("%}", 0, position))
    return opened > closed
