"""Dagster's web server with one more route: reports and quality pages, which browsers do not open as file:// links.

``python -m orchestration.webserver`` takes the options of ``dagster-webserver``.
"""

from __future__ import annotations

import dagster_webserver.app
from dagster_webserver.cli import main
from dagster_webserver.webserver import DagsterWebserver
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from dial2deal.settings import Settings
from orchestration.metadata import SERVED


class WithReports(DagsterWebserver):
    """Serves ``reports/`` and ``quality/`` of the installation, for reading, beside the UI."""

    def build_routes(self) -> list[BaseRoute]:
        settings = Settings.from_env().ensure()
        ours = [Mount(f"{SERVED}/{folder.name}", StaticFiles(directory=folder, follow_symlink=True))
                for folder in (settings.reports, settings.quality)]
        return [*ours, *super().build_routes()]


if __name__ == "__main__":
    dagster_webserver.app.DagsterWebserver = WithReports
    main()
