"""The page as PDF, where WeasyPrint's system libraries are installed."""

from __future__ import annotations

import logging
import re
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


def render(page: str, identifier: str) -> bytes:
    """PDF of the HTML ``page``; ``identifier`` makes the file's id, so that the same page gives the same bytes."""
    import weasyprint
    from weasyprint.urls import URLFetcher

    # It warns of every property meant for screens; those are expected in a page that is both.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    page = _SCRIPT.sub("", _NARROW.sub("", page))
    return weasyprint.HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=("data",))).write_pdf(
        pdf_identifier=identifier.encode(), optimize_images=False)
