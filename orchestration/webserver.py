"""Dagster's web server with one more route: reports and quality pages, which browsers do not open as file:// links.

And with a guard: Dagster's own answers any page that is open in the same browser, so such a page could start and end
runs. ``python -m orchestration.webserver`` takes the options of ``dagster-webserver``.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from urllib.parse import parse_qs, urlsplit

import dagster_webserver.app
from dagster_webserver.cli import main
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from dial2deal.settings import Settings
from orchestration.metadata import SERVED

# Names under which the UI may be asked for, besides addresses and the names of this machine; separated by commas.
HOSTS = "DIAL2DEAL_UI_HOSTS"
_CHANGES = re.compile(r"\b(mutation|subscription)\b")


class Guard:
    """Refuses requests under a foreign name, from another site's page, and changes that are asked for by a link.

    A name that an attacker points at this machine is no address and not this machine's: addresses are let through.
    """

    def __init__(self, app: ASGIApp):
        self._app = app
        self._names = {
            "localhost",
            socket.gethostname().lower(),
            socket.getfqdn().lower(),
            *(name.strip().lower() for name in os.environ.get(HOSTS, "").split(",") if name.strip()),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused(scope) if scope["type"] in ("http", "websocket") else None
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refused})
        else:
            await PlainTextResponse(f"{refused}\n", status_code=403)(scope, receive, send)

    def _refused(self, scope: Scope) -> str | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_own(urlsplit(f"//{host}").hostname):
            return f"Unknown host name. Ask by address or localhost, or list the name in {HOSTS}."
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return "Asked from the page of another site."
        query = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("query", [""])[0]
        if scope.get("method") in ("GET", "HEAD") and _CHANGES.search(query):
            return "A link can only ask, not change."
        return None

    def _is_own(self, name: str | None) -> bool:
        if name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.lower() in self._names
        return True


class WithReports(DagsterWebserver):
    """Serves ``reports/`` and ``quality/`` of the installation, for reading, beside the UI."""

    def build_middleware(self) -> list[Middleware]:
        return [Middleware(Guard), *super().build_middleware()]

    def build_routes(self) -> list[BaseRoute]:
        settings = Settings.from_env().ensure()
        ours = [
            Mount(f"{SERVED}/{folder.name}", StaticFiles(directory=folder, follow_symlink=True))
            for folder in (settings.reports, settings.quality)
        ]
        return [*ours, *super().build_routes()]


if __name__ == "__main__":
    dagster_webserver.app.DagsterWebserver = WithReports
    main()
