"""The parsed dbt project of an installation: read when it is current, parsed anew when it is not, or unreadable."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dial2deal.settings import Settings

# A folder of parsed projects by hash. Parsing takes 20 CPU seconds; whoever makes many installations sets this.
SHARED = "DIAL2DEAL_PARSED"
_PARSED_FROM = "parsed_from.txt"
_FILES = ("manifest.json", "semantic_manifest.json", "partial_parse.msgpack", _PARSED_FROM)
_KEPT = 4


def project_hash(settings: Settings) -> str:
    """Changes when any file that decides a model's content changes: dbt's project and the parse macros."""
    digest = hashlib.sha256()
    for path in (*_project_files(settings.dbt_project), settings.project_root / "dial2deal" / "parsing" / "parse.sql"):
        digest.update(f"{path.relative_to(settings.project_root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def manifest(settings: Settings, parse: Callable[[], Any]) -> dict[str, Any]:
    """dbt's manifest as a dictionary; ``parse`` is called only when the one there is of another project or damaged."""
    current = project_hash(settings)
    found = _read(settings, current)
    if found is None:
        begin(settings)
        found = _read(settings, current)
    if found is None:
        # dbt writes the manifest in place; of one that a kill left half written nothing is taken over.
        (settings.dbt_target / "manifest.json").unlink(missing_ok=True)
        parse()
        (settings.dbt_target / _PARSED_FROM).write_text(current, encoding="ascii")
        _share(settings, current)
        found = json.loads((settings.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    return found


def loaded(settings: Settings) -> Any | None:
    """dbt's own object of the parsed project, to be handed to its runner; None when dbt has to parse by itself.

    dbt would parse the whole project again for every new path of the warehouse, and compare all files each time.
    """
    begin(settings)
    if _stamp(settings) != project_hash(settings):
        return None
    from dbt.contracts.graph.manifest import Manifest

    try:
        found = Manifest.from_msgpack((settings.dbt_target / "partial_parse.msgpack").read_bytes())
    except Exception:  # half written, or of another version of dbt
        return None
    # A manifest that was read has no `graph` for Jinja; of it, models use only metrics (macro metric_rate), and tests
    # the config of what they test (macro get_where_subquery).
    found.flat_graph = {
        "metrics": {key: metric.to_dict(omit_none=False) for key, metric in found.metrics.items()},
        "nodes": {key: {"config": node.config} for key, node in found.nodes.items() if key.startswith("model.")},
    }
    return found


def shared(name: str) -> Path | None:
    """Where installations that share parsed projects share the file ``name``; None where they do not."""
    folder = os.environ.get(SHARED)
    return Path(folder) / name if folder else None


def share(name: str, text: str) -> None:
    """Replace the shared file ``name``; nothing where nothing is shared. Writers do not meet: each has its own name."""
    if target := shared(name):
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{name}.{os.getpid()}")
        fresh.write_text(text, encoding="utf-8")
        os.replace(fresh, target)


def begin(settings: Settings) -> None:
    """Give an installation whose project is not parsed the shared one of the same files, if there is any."""
    folder, current = os.environ.get(SHARED), project_hash(settings)
    if not folder or _stamp(settings) == current or not (Path(folder) / current).exists():
        return
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        shutil.copyfile(Path(folder) / current / name, settings.dbt_target / name)


def _share(settings: Settings, current: str) -> None:
    folder = os.environ.get(SHARED)
    if not folder or (Path(folder) / current).exists():
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as unfinished:
        for name in _FILES:
            shutil.copyfile(settings.dbt_target / name, Path(unfinished) / name)
        try:
            shutil.copytree(unfinished, f"{unfinished}.ready")
            os.rename(f"{unfinished}.ready", Path(folder) / current)
        except OSError:  # another process was first
            shutil.rmtree(f"{unfinished}.ready", ignore_errors=True)
    for old in _kept(Path(folder))[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _kept(folder: Path) -> list[Path]:
    """Parsed projects, the latest first."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _read(settings: Settings, current: str) -> dict[str, Any] | None:
    if _stamp(settings) != current:
        return None
    try:
        found = json.loads((settings.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("nodes") else None


def _stamp(settings: Settings) -> str | None:
    try:
        return (settings.dbt_target / _PARSED_FROM).read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def _project_files(folder: Path) -> list[Path]:
    return sorted(
        p
        for p in folder.rglob("*")
        if p.suffix in (".sql", ".yml", ".csv") and "target" not in p.parts and "logs" not in p.parts
    )
