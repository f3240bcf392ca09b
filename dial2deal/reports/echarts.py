"""ECharts options to SVG text, in process: V8 through mini-racer, no browser, no network."""

from __future__ import annotations

import atexit
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_LIBRARY = Path(__file__).parent / "vendor" / "echarts" / "echarts.min.js"
# ECharts asks for timers even when it renders once; V8 alone has none.
_SHIM = "var setTimeout=function(){return 0},clearTimeout=function(){};"
_RENDER = """
function render(text, width, height) {
  var option = JSON.parse(text);
  var chart = echarts.init(null, null, {renderer: 'svg', ssr: true, width: width, height: height});
  chart.setOption(option);
  var svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
"""
_HOVER = re.compile(
    r'<style ?>.*?</style>|<style type="text/css">.*?</style>| class="zr\d+-cls-\d+"| ecmeta_\w+="[^"]*"'
    r'| pointer-events="\w+"', re.DOTALL)
_IDS = re.compile(r"\bzr\d+-([a-z]+)\d+")
_lock = threading.Lock()
_context = None


def render_svg(option: dict, width: int, height: int, chart_id: str, title: str) -> str:
    """SVG of an ECharts ``option`` (JSON values only), ``width`` × ``height`` CSS pixels.

    The same option gives the same text: ECharts numbers its elements per process, so ids are renamed to start
    with ``chart_id`` (unique inside one page) and the numbered hover classes are dropped. ``title`` is the
    accessible name.
    """
    with _lock:
        svg = _engine().call("render", json.dumps(option, ensure_ascii=False), width, height)
    svg = _HOVER.sub("", svg)
    numbers: dict[str, str] = {}
    svg = _IDS.sub(lambda found: numbers.setdefault(found[0], f"{chart_id}-{found[1]}{len(numbers)}"), svg)
    label = title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return re.sub(
        r'^<svg width="\d+" height="\d+"',
        f'<svg role="img" aria-label="{label}" style="max-width:{width}px"',
        svg, count=1)


def _engine():
    global _context
    if _context is None:
        from py_mini_racer import MiniRacer

        # Made where an event loop runs (a notebook, a server), it would use that loop and end with it.
        with ThreadPoolExecutor(1) as loopless:
            context = loopless.submit(MiniRacer).result()
        context.eval(_SHIM)
        context.eval(_LIBRARY.read_text(encoding="utf-8") + ";0")
        context.eval(_RENDER + ";0")
        _context = context
        atexit.register(close)
    return _context


def close() -> None:
    """Stop V8. Left to the interpreter's own shutdown, its thread sometimes never ends and the process hangs."""
    global _context
    if _context is not None:
        _context.close()
        _context = None
