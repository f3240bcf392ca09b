"""ECharts options to SVG text, in process: V8 through mini-racer, no browser, no network."""

from __future__ import annotations

import atexit
import json
import re
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

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
    r'| pointer-events="\w+"',
    re.DOTALL,
)
_IDS = re.compile(r"\bzr\d+-([a-z]+)\d+")
_lock = threading.Lock()
_context = None
_keeper = None


def render_svg(option: dict[str, Any], width: int, height: int, chart_id: str, title: str) -> str:
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
        svg,
        count=1,
    )


def _engine():
    global _context, _keeper
    if _context is None:
        made, _keeper = Future(), _Keeper()
        threading.Thread(target=_keeper.keep, args=(made,), name="v8", daemon=True).start()
        context = made.result()
        context.eval(_SHIM)
        context.eval(_LIBRARY.read_text(encoding="utf-8") + ";0")
        context.eval(_RENDER + ";0")
        _context = context
        atexit.register(close)
    return _context


class _Keeper:
    """A thread that makes V8 and ends it: freed by another one, it ends the process on CPUs with memory keys.

    Made where an event loop runs (a notebook, a server), V8 would use that loop and end with it; a thread has none.
    """

    def __init__(self):
        self._stop, self._ended = threading.Event(), threading.Event()

    def keep(self, made: Future) -> None:
        try:
            from py_mini_racer import MiniRacer

            context = MiniRacer()
        except BaseException as error:
            made.set_exception(error)
            return
        made.set_result(context)
        self._stop.wait()
        context.close()
        self._ended.set()

    def end(self) -> None:
        self._stop.set()
        self._ended.wait()


def close() -> None:
    """Stop V8. Left to the interpreter's own shutdown, its thread sometimes never ends and the process hangs."""
    global _context, _keeper
    if _context is not None:
        _context = None
        _keeper.end()
        _keeper = None
