"""What the UI's guard lets through: its own pages, by whatever address, and nobody else's."""

import asyncio
from urllib.parse import urlencode

import pytest

from orchestration import webserver

MUTATION = 'mutation{terminateRun(runId:"x"){__typename}}'


@pytest.fixture
def ask(monkeypatch):
    """Asks the guard; "answered" when the application behind it was reached, else what the guard said."""
    monkeypatch.setenv(webserver.HOSTS, "sales.example, ui.example")

    async def behind(scope, receive, send):
        await send({"type": "answered"})

    def ask(headers: dict[str, str], *, kind: str = "http", method: str = "POST", query: str = "") -> str:
        said = []

        async def send(message):
            said.append(message)

        scope = {
            "type": kind,
            "method": method,
            "path": "/graphql",
            "query_string": urlencode({"query": query}).encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        asyncio.run(webserver.Guard(behind)(scope, None, send))
        return str(said[0].get("status", said[0]["type"]))

    return ask


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "192.168.4.7", "ui.example:3000"])
def test_own_pages_ask_and_change(ask, host):
    headers = {"host": host, "origin": f"http://{host}"}
    assert ask(headers, query=MUTATION) == "answered"
    assert ask(headers, kind="websocket") == "answered"
    assert ask({"host": host}, method="GET", query="{runsOrError{__typename}}") == "answered"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},  # a name that points at this machine
        {"host": "localhost.evil.example:3000"},
        {"host": ""},
        {},
        {"host": "localhost:3000", "origin": "http://evil.example"},  # another site's page
        {"host": "localhost:3000", "origin": "http://localhost:8080"},
        {"host": "localhost:3000", "origin": "null"},
    ],
)
def test_others_are_refused(ask, headers):
    assert ask(headers) == "403"
    assert ask(headers, method="GET", query="{version}") == "403"
    assert ask(headers, kind="websocket") == "websocket.close"


def test_a_link_changes_nothing(ask):
    assert ask({"host": "localhost"}, method="GET", query=MUTATION) == "403"
    assert ask({"host": "localhost"}, method="GET", query="{mutations}") == "answered"


def test_the_server_has_the_guard_in_front():
    built = webserver.WithReports.build_middleware(webserver.WithReports.__new__(webserver.WithReports))
    assert built[0].cls is webserver.Guard
