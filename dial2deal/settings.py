"""Where things are: one immutable object, read from the environment once and handed down."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """All paths of one installation. Everything a run writes lies under ``home``."""

    home: Path
    project_root: Path = PROJECT_ROOT

    @classmethod
    def from_env(cls, home: str | Path | None = None) -> Settings:
        """Settings for ``home``, else ``$DIAL2DEAL_HOME``, else ``./data``; the path is made absolute."""
        chosen = home or os.environ.get("DIAL2DEAL_HOME") or "data"
        return cls(home=Path(chosen).expanduser().resolve())

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        return self.home / "published"

    @property
    def snapshot(self) -> Path:
        """The only file that readers open. Named unlike its schema: in marts.duckdb, marts.fct_calls is ambiguous."""
        return self.published / "dial2deal.duckdb"

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    @property
    def quality(self) -> Path:
        return self.home / "quality"

    @property
    def dagster_home(self) -> Path:
        return self.home / "dagster"

    @property
    def dbt_target(self) -> Path:
        return self.home / "dbt"

    @property
    def tmp(self) -> Path:
        """Scratch space on the same file system as the warehouse; safe to delete between builds."""
        return self.home / "tmp"

    @property
    def secret_key(self) -> Path:
        """Key of the customer hash; created on first use, never leaves the installation."""
        return self.home / "secret.key"

    @property
    def dbt_project(self) -> Path:
        return self.project_root / "dbt_project"

    @property
    def suites(self) -> Path:
        return self.project_root / "expectations" / "suites"

    @property
    def policy_dirs(self) -> tuple[Path, ...]:
        """Lowest priority first: the project's defaults, then the user's own files."""
        return (self.project_root / "policy", self.home / "policy")

    @property
    def profile_dirs(self) -> tuple[Path, ...]:
        """Lowest priority first: the project's profiles, then the user's own files."""
        return (self.project_root / "profiles", self.home / "profiles")

    def ensure(self) -> Settings:
        """Create the folders a run writes to and return self; a home made here is readable by its owner alone."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (
            self.landing,
            self.published,
            self.reports,
            self.quality,
            self.dagster_home,
            self.dbt_target,
            self.tmp,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        return self
