"""Make a finding small: the fewest lines and bytes of a file that still break the same rule."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_SECONDS = 60
_TRIALS = 40


def all_below(findings: Path) -> None:
    """Shrink each finding in place; those that do not come back when loaded alone stay as they are."""
    for why in sorted(findings.rglob("*.why.txt")):
        file = why.with_name(why.name.removesuffix(".why.txt"))
        file.write_bytes(shrink(file.relative_to(findings).as_posix(), file.read_bytes()))


def shrink(path: str, content: bytes) -> bytes:
    """``content`` without what it can lose while its first finding stays the same kind."""
    kind = _kind(outcome(path, content))
    if not kind:
        return content
    left = _TRIALS
    for separator in (b"\n", b""):
        parts = content.split(separator) if separator else [bytes([b]) for b in content]
        size = max(1, len(parts) // 2)
        while size and left:
            at = 0
            while at < len(parts) and left:
                fewer = parts[:at] + parts[at + size :]
                left -= 1
                if _kind(outcome(path, separator.join(fewer))) == kind:
                    parts = fewer
                else:
                    at += size
            size //= 2
        content = separator.join(parts)
    return content


def outcome(path: str, content: bytes) -> str:
    """What goes wrong when the file is loaded alone, in a process of its own; empty when nothing does."""
    with tempfile.TemporaryDirectory(prefix="fuzz-one-") as folder:
        (Path(folder) / "content").write_bytes(content)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "fuzz.minimise", folder, path],
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"takes longer than {_SECONDS} s"
    return done.stdout.decode() if done.returncode == 0 else f"ends the process: {done.stderr.decode()[-500:]}"


def _kind(found: str) -> str:
    return re.sub(r"[0-9']+", "", found)[:80]


def _one(folder: Path, path: str) -> str:
    from fuzz import worker

    with worker.Home(folder / "work").fresh() as settings:
        wrong = worker.load(settings, {path: (folder / "content").read_bytes()})
    return json.dumps(wrong, ensure_ascii=False) if wrong else ""


if __name__ == "__main__":
    sys.stdout.write(_one(Path(sys.argv[1]), sys.argv[2]))
