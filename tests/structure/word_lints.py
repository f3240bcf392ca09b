"""Lints of the catalogue of words: each is used, each that is used exists, in both languages, once."""

from __future__ import annotations

import re
import string
from pathlib import Path

import yaml

_WORDS = "dial2deal/presentation/words"
_LANGUAGES = {"zh", "en"}
# One language may write a month as a number where the other names it.
_OPTIONAL = {"month", "month_name"}
_CALL = re.compile(r"""\b(?:words|self|t)\(\s*(["'])([a-z_]+\.[a-z_.0-9]*[a-z0-9])\1""")
_LITERAL = re.compile(r"""(["'])([a-z_]+\.[a-z_.0-9]*[a-z0-9])\1""")
_PUT_TOGETHER = re.compile(r"""\bf(["'])([a-z_]+\.(?:\{[^}]*\}|(?!\1)[^{\n])*)\1""")
_JOINED = re.compile(r"""(["'])([a-z_]+\.[a-z_.]*)\1 ~ [\w.]+(?: ~ (["'])([\w.]*)\3)?""")


def words_used(root: Path) -> list[str]:
    """Every word of the catalogue is used somewhere, and every word that is asked for exists."""
    words = {key for _, entries in _entries(root) for key in entries}
    literal: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    offences = []
    for path in _sources(root):
        text = path.read_text(encoding="utf-8")
        literal |= {key for _, key in _LITERAL.findall(text)}
        patterns += [_pattern(re.sub(r"\{.*?\}", "{}", found)) for _, found in _PUT_TOGETHER.findall(text)]
        patterns += [_pattern(f"{start}{{}}{end}") for _, start, _, end in _JOINED.findall(text)]
        asked = {key for _, key in _CALL.findall(text)}
        offences += [f"{path.relative_to(root)} asks for the word {key}" for key in sorted(asked - words)]
    unused = [key for key in sorted(words - literal) if not any(pattern.fullmatch(key) for pattern in patterns)]
    return offences + [f"the word {key} is not used" for key in unused]


def words_complete(root: Path) -> list[str]:
    """Each key stands once, in both languages, which fill in the same values."""
    offences, seen = [], set()
    for name, entries in _entries(root):
        for key, texts in entries.items():
            if key in seen:
                offences.append(f"{name}: {key} stands twice")
            seen.add(key)
            if set(texts) != _LANGUAGES or not all(isinstance(text, str) and text for text in texts.values()):
                offences.append(f"{name}: {key} lacks a language")
            elif _names(texts["zh"]) != _names(texts["en"]):
                offences.append(f"{name}: the languages of {key} fill in different values")
    return offences


def _entries(root: Path) -> list[tuple[str, dict[str, dict[str, str]]]]:
    """File and entries; a key that stands twice in one file counts twice."""
    found = []
    for path in sorted((root / _WORDS).glob("*.yml")):
        node = yaml.compose(path.read_text(encoding="utf-8"))
        for key, value in node.value if node else []:
            found.append((path.name, {key.value: {name.value: text.value for name, text in value.value}}))
    return found


def _sources(root: Path) -> list[Path]:
    return [
        path
        for folder in ("dial2deal", "orchestration")
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in (".py", ".j2") or (path.suffix == ".yml" and "composition" in path.parts)
    ]


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("[^.]+".join(re.escape(part) for part in text.split("{}")))


def _names(text: str) -> set[str]:
    return {name.split(".")[0] for _, name, _, _ in string.Formatter().parse(text) if name} - _OPTIONAL
