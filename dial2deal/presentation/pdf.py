"""The page as PDF, where WeasyPrint's system libraries are installed."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from functools import cache

# WeasyPrint would print both sizes of a chart as alternatives it cannot choose between.
_NARROW = re.compile(r'<div class="chart narrow">.*?</svg>\s*</div>', re.DOTALL)
_SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)


@cache
def available() -> bool:
    """Whether WeasyPrint and the libraries it needs (pango) can be loaded."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


@cache
def chinese_font() -> str | None:
    """Name of a font with Chinese characters, as fontconfig finds it for WeasyPrint too; None when there is none."""
    lister = shutil.which("fc-list")
    if lister is None:
        return None
    found = subprocess.run([lister, ":lang=zh", "family"], capture_output=True, text=True, check=False).stdout.strip()
    return found.splitlines()[0] if found else None


def missing() -> str | None:
    """Key of the label that says what a PDF needs and is not there, None when it can be made.

    A report in any language holds Chinese names of people and files, which would be empty boxes.
    """
    if not available():
        return "pdf.missing"
    return None if chinese_font() else "pdf.no_font"


def render(page: str, identifier: str) -> bytes:
    """PDF of the HTML ``page``; ``identifier`` makes the file's id, so that the same page gives the same bytes."""
    import weasyprint
    from weasyprint.urls import URLFetcher

    # It warns of every property meant for screens; those are expected in a page that is both.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    page = _SCRIPT.sub("", _NARROW.sub("", page))
    return weasyprint.HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=("data",))).write_pdf(
        pdf_identifier=identifier.encode(), optimize_images=False
    )
