"""Content to one self-contained HTML page: no request leaves it, and no script is needed to read it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dial2deal.blocks import pages
from dial2deal.presentation.formats import Formats
from dial2deal.presentation.words import Words
from dial2deal.privacy import visible
from dial2deal.reports.facts import Row

_TEMPLATES = Path(__file__).parent / "templates"


def render(content: Row, formats: Formats) -> str:
    """The page as text. The same content gives the same text."""
    words = formats.words
    return visible(
        _environment()
        .get_template("report.html.j2")
        .render(
            c=content,
            s=content["sections"],
            order=_order(content),
            reasons=_reasons(content, words),
            **pages.names(content["sections"], formats),
            css=Markup((_TEMPLATES / "report.css").read_text(encoding="utf-8")),
            script=Markup((_TEMPLATES / "report.js").read_text(encoding="utf-8")),
            icon=_ICON,
        )
    )


_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' "
    "height='16' rx='4' fill='%232f5bd0'/%3E%3Cpath d='M4 11V8M8 11V5M12 11V7' stroke='white' stroke-width='2'/"
    "%3E%3C/svg%3E"
)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader([_TEMPLATES, pages.TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _order(content: Row) -> list[str]:
    """Names of the sections as they stand on the page; those without a place of their own after the one before."""
    order, before = list(content["section_order"]), None
    for name in content["sections"]:
        if name not in order:
            order.insert(order.index(before) + 1 if before else 0, name)
        before = name
    return order


def _reasons(content: Row, words: Words) -> list[str]:
    """Why comparisons are missing: one line for each kind of comparison and reason."""
    labels = {comparison["kind"]: comparison for comparison in content["comparisons"]}
    found = {}
    for card in content["cards"]:
        for change in card.comparisons:
            if change.reason:
                reason = words(f"compare.reason.{change.reason}")
                label = labels[change.kind]["label"]
                found[words("compare.reason_line", label=label, reason=reason)] = None
    return list(found)
