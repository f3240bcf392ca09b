"""Every command that README and guides show is one that exists, with its options; those that only read are run."""

from __future__ import annotations

import re
import shlex
import shutil

import click
import pytest
import typer
from typer.testing import CliRunner

from dial2deal.cli import app
from dial2deal.settings import PROJECT_ROOT, Settings

_PAGES = ("README.md", "CONTRIBUTING.md", "docs/guide", "docs/adr", "profiles/README.md", "expectations/README.md")
_READING = ("sql", "metrics", "files", "doctor", "version")
_SHOWN = re.compile(r"`dial2deal ([a-z][^`]*)`|^(?:\$ )?dial2deal ([a-z].*)$", re.MULTILINE)


def _commands() -> list[tuple[str, str]]:
    """(page, arguments) of every command shown, in the order of the pages."""
    found = []
    for name in _PAGES:
        path = PROJECT_ROOT / name
        for page in sorted(path.glob("*.md")) if path.is_dir() else [path]:
            for groups in _SHOWN.findall(page.read_text(encoding="utf-8")):
                found.append((page.name, next(filter(None, groups))))
    return found


@pytest.fixture(scope="module")
def home(built, tmp_path_factory):
    """A copy of the built installation, in which the files that guides name were delivered."""
    copy = Settings(home=tmp_path_factory.mktemp("documented") / "home")
    shutil.copytree(built[0].home, copy.home, symlinks=True)
    return copy


def _arguments(home: Settings, text: str) -> list[str]:
    """The words of a command; names of files that stand for a reader's own become a file that was delivered."""
    delivered = next(path for path in sorted(home.landing.glob("generic_400/calls/*.csv")))
    return [
        str(delivered) if ("." in word and word.endswith((".csv", ".xlsx"))) or word in ("FILE", "PATH") else word
        for word in shlex.split(text, comments=True)
    ]


def test_pages_show_commands():
    assert len(_commands()) > 15


@pytest.mark.parametrize(
    ("page", "text"), [pytest.param(*shown, id=f"{shown[0]}: {shown[1][:60]}") for shown in dict.fromkeys(_commands())]
)
def test_a_documented_command_works(home, page, text):
    words = _arguments(home, text)
    command: click.Command = typer.main.get_command(app)
    rest = list(words)
    while isinstance(command, click.Group):
        name = rest.pop(0)
        assert name in command.commands, f"{page}: there is no command {name}"
        command = command.commands[name]
    # Options and arguments are read and checked; nothing is run yet.
    command.make_context(command.name, rest, obj=home)
    if words[0] in _READING:
        result = CliRunner().invoke(app, ["--home", str(home.home), *words])
        assert result.exit_code == 0, f"{page}: dial2deal {text}: {result.output}"
        assert result.output.strip()
