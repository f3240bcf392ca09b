"""Policy and landing files → ``policy`` and ``raw/<feed>``."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg
import duckdb

from dial2deal import audit, loading, policy, warehouse
from dial2deal.feeds.catalogue import feeds
from dial2deal.loading.file_report import brief
from dial2deal.settings import Settings
from dial2deal.transform.preview import shapes
from dial2deal.warehouse import steps
from orchestration import builds, landing, metadata
from orchestration.lock import LOCK
from orchestration.rules import current_policy

POLICY = dg.AssetKey("policy")
FILES = dg.AssetKey(["ops", "files"])
OWNERS = ["team:data"]
RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)


def raw_key(feed: str) -> dg.AssetKey:
    """Asset key of ``raw.<feed>``; the dbt source of the same name has the same key."""
    return dg.AssetKey(["raw", feed])


def raw_specs() -> list[dg.AssetSpec]:
    """One spec per feed, described with its grain."""
    return [
        dg.AssetSpec(
            raw_key(feed),
            deps=[POLICY],
            group_name="raw",
            kinds={"duckdb", "file"},
            owners=OWNERS,
            tags={"layer": "raw", "feed": feed},
            description=(
                f"{definition.label_zh}: the vendor's text under canonical names, with file and line.\n\n"
                f"Grain: one row per delivered row of landing/*/{feed}/ that is no exact duplicate within its file. "
                f"Key within a source: {', '.join(definition.key)}."
            ),
            metadata={"landing": f"landing/<source>/{feed}/", "storage": f"raw.{feed}"},
        )
        for feed, definition in feeds().items()
    ]


def _files_spec() -> dg.AssetSpec:
    """What the build loads by: there after every look, so that feeds without news need no event."""
    return dg.AssetSpec(
        FILES,
        deps=[POLICY],
        group_name="raw",
        kinds={"duckdb", "file"},
        owners=OWNERS,
        description="All that landing holds, loaded and recorded; feeds with news are materialised beside it.\n\n"
        "Grain: one row per file delivered.",
    )


def assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets of this layer for one installation."""

    @dg.asset(
        key=POLICY,
        group_name="policy",
        kinds={"yaml", "duckdb"},
        owners=["team:sales-operations"],
        tags={"layer": "policy"},
        required_resource_keys={LOCK},
        retry_policy=RETRY,
        description="Thresholds, tiers, funnels, channels and vocabularies as data with validity dates.\n\n"
        "Grain: one row per rule and validity period, in the tables of schema policy.",
    )
    def policy_tables() -> dg.MaterializeResult:
        rules = current_policy(settings)
        with warehouse.session(settings) as con:
            changed = policy.sync(con, rules)
        return dg.MaterializeResult(
            metadata={
                "status": "changed" if changed else "unchanged",
                "rules": metadata.table(
                    ["table", "rows"], [[name, len(rows)] for name, rows in sorted(rules.tables.items())]
                ),
            },
            data_version=dg.DataVersion(rules.version),
        )

    @dg.multi_asset(
        name="load_landing",
        specs=[*raw_specs(), _files_spec()],
        can_subset=True,
        required_resource_keys={LOCK},
        retry_policy=RETRY,
    )
    def load_landing(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult | dg.AssetMaterialization]:
        clock, rules, build = steps.Clock(), current_policy(settings), builds.build_id(context.run)
        selected = {key.path[-1] for key in context.selected_asset_keys - {FILES}}
        whole = FILES in context.selected_asset_keys or len(selected) == len(feeds())
        paths = None
        if not whole:
            paths = [path for feed in sorted(selected) for path in sorted(settings.landing.glob(f"*/{feed}"))]
        there = landing.listing(settings.landing)
        with warehouse.session(settings) as con:
            results = loading.load_landing(
                con,
                settings,
                rules,
                paths=paths,
                on_progress=lambda done, total, file: context.log.info(
                    "%d of %d: %s %s", done, total, file.path, "unchanged" if file.skipped else file.status
                ),
            )
            audit.reopen(con, settings, rules)
            stamps = loaded_at(con)
            shown = builds.shown_until(context.instance, FILES)
            fresh = {feed for feed, at in stamps.items() if at > shown} if whole else set()
            told = sorted(selected | fresh)
            excerpts = shapes(con, [("raw", feed) for feed in told])
            reports = loading.file_reports(con, file_ids=[file.file_id for file in results if not file.skipped])
            steps.record(con, build, steps.LOAD, clock)
        if whole:
            landing.note_built(settings, there, [file.path for file in results if file.status == "waiting"])
        for feed in told:
            found = {
                **file_metadata([result for result in results if result.feed == feed]),
                **report_metadata([r for r in reports if r.feed == feed]),
                **metadata.of_shape(excerpts.get(("raw", feed)), _columns(feed)),
            }
            if feed in selected:
                yield dg.MaterializeResult(asset_key=raw_key(feed), metadata=found)
            else:
                yield dg.AssetMaterialization(raw_key(feed), metadata=found)
        if FILES in context.selected_asset_keys:
            new = [result for result in results if not result.skipped]
            yield dg.MaterializeResult(
                asset_key=FILES,
                metadata={
                    **file_metadata(results),
                    "feeds": metadata.table(["feed", "files"], sorted(Counter(r.feed for r in new).items())),
                    builds.SHOWN: str(max(stamps.values(), default=builds.NEVER)),
                },
            )

    return [policy_tables, load_landing]


def loaded_at(con: duckdb.DuckDBPyConnection) -> dict[str, datetime]:
    """When each feed last had a file, UTC; feeds that never had one are not there."""
    return dict(con.execute("select feed, max(loaded_at) from ops.export_files group by feed").fetchall())


def _columns(feed: str) -> dict[str, str]:
    """What vendors call each column and what kind of value it holds, in the order in which the feed names them."""
    return {name: f"{column.label_zh} · {column.kind}" for name, column in feeds()[feed].columns.items()}


def file_metadata(results: list[Any]) -> dict[str, Any]:
    """What one load did for one feed: totals that the UI plots, and a table per file (``FileResult`` objects)."""
    new = [result for result in results if not result.skipped]
    return {
        "status": "loaded" if new else "unchanged",
        "files_new": len(new),
        "files_unchanged": len(results) - len(new),
        "files_failed": sum(result.status == "failed" for result in new),
        **{
            name: sum(getattr(result, name) for result in new)
            for name in ("rows_read", "rows_accepted", "rows_quarantined", "rows_duplicate", "rows_superseded")
        },
        "files": metadata.table(
            ["file", "status", "read", "accepted", "quarantined", "duplicates", "superseded", "from", "to", "message"],
            [
                [
                    r.path,
                    r.status,
                    r.rows_read,
                    r.rows_accepted,
                    r.rows_quarantined,
                    r.rows_duplicate,
                    r.rows_superseded,
                    r.first_event_date or "",
                    r.last_event_date or "",
                    r.message or "",
                ]
                for r in new
            ],
        ),
    }


def report_metadata(reports: list[loading.FileReport]) -> dict[str, Any]:
    """The file report of one load: a row per file that has more to tell than its counts; empty without any."""
    rows = [[report.path, *brief(report).values()] for report in reports]
    told = [row for row in rows if any(row[1:])]
    return {"file_report": metadata.table(["file", *brief(reports[0])], told)} if told else {}
