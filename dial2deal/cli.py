"""The command ``dial2deal``. Commands that need Dagster come from the entry-point group ``dial2deal.commands``."""

from __future__ import annotations

import traceback
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Annotated

import typer

from dial2deal.commands import data, files, health, mapping
from dial2deal.commands.output import fail, stderr
from dial2deal.settings import Settings

app = typer.Typer(
    name="dial2deal",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Turns call records and CRM exports of a phone-sales team into audited marts, reports and lists.\n\n"
    "Everything a run writes lies under DIAL2DEAL_HOME (default ./data).",
)


@app.callback()
def _options(
    ctx: typer.Context,
    home: Annotated[
        Path | None, typer.Option(help="Folder of the installation; overrides DIAL2DEAL_HOME.", show_default="./data")
    ] = None,
) -> None:
    ctx.obj = Settings.from_env(home)


@app.command("version")
def show_version() -> None:
    """Print the version."""
    typer.echo(version("dial2deal"))


for _module in (data, files, health, mapping):
    _module.register(app)
for _entry in sorted(entry_points(group="dial2deal.commands"), key=lambda entry: entry.name):
    _entry.load()(app)


def main() -> None:
    """Run the command line; an error is one message on stderr and exit code 1, never a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        fail("Interrupted. Nothing half-done is visible; run the same command again.", code=130)
    except Exception as error:
        if _is_expected(error):
            fail(str(error))
        log = Settings.from_env().tmp / "last_error.txt"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        stderr.print(f"Details for a bug report: {log}", style="dim")
        fail(f"{type(error).__name__}: {error}")


def _is_expected(error: Exception) -> bool:
    """Errors that this project raises carry a message written for the user."""
    module = type(error).__module__
    return module.startswith(("dial2deal.", "orchestration.")) or isinstance(error, FileNotFoundError)


if __name__ == "__main__":
    main()
