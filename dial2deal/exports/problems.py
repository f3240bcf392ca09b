"""What can be wrong with one file; the text is for the person who can fix it."""

from __future__ import annotations


class FileProblem(Exception):
    """The file cannot be loaded. The message names what was found, what was expected and what to do."""


class ProfileError(ValueError):
    """A profile is wrong; the message names file, entry and what to do."""
