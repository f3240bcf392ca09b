"""Reports of the demo, rendered into their own home."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from dial2deal import policy, reports
from dial2deal.settings import Settings


@dataclass
class Rendered:
    """An installation that shares the demo's publication and keeps its own reports and policy."""

    settings: Settings

    def render(self, granularity: str, period: str, **options) -> reports.rendering.ReportResult:
        return reports.render(self.settings, policy.load(self.settings), granularity, period, **options)

    def content(self, granularity: str, period: str) -> dict:
        """What report.json holds; renders it on first use."""
        folder = self.folder(granularity, period)
        if not (folder / "report.json").exists():
            assert self.render(granularity, period).skipped_reason is None
        return json.loads((folder / "report.json").read_text(encoding="utf-8"))

    def folder(self, granularity: str, period: str) -> Path:
        return self.settings.reports / granularity / period


def installation(home: Path, published: Path, settings_yml: str = "") -> Rendered:
    """A home whose publication is ``published``; ``settings_yml`` overrides policy settings."""
    settings = Settings(home=home)
    home.mkdir(parents=True, exist_ok=True)
    (home / "published").symlink_to(published)
    if settings_yml:
        (home / "policy").mkdir()
        (home / "policy" / "settings.yml").write_text(settings_yml, encoding="utf-8")
    settings.ensure()
    return Rendered(settings)
