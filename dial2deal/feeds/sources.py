"""profiles/<source>/_source.yml: feeds of a source that differ in nothing and need no profile of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dial2deal import storage
from dial2deal.feeds.catalogue import feeds
from dial2deal.feeds.problems import ProfileError

FILE = "_source.yml"


class _Source(BaseModel):
    """``synonyms``: feeds read with the headers known for them; ``like``: source → feeds read as that source's."""

    model_config = ConfigDict(extra="forbid")
    description: str
    synonyms: list[str] | Literal["every"] = Field(default_factory=list)
    like: dict[str, list[str]] = Field(default_factory=dict)


def implied(path: Path) -> dict[str, dict[str, Any]]:
    """Feed → the entries of the profile that a source's file stands for.

    Raises ProfileError naming the file, the entry and what to do.
    """
    where = f"profiles/{path.parent.name}/{path.name}"
    try:
        source = _Source.model_validate(yaml.safe_load(storage.read_text(path)))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ProfileError(f"{where}: {problems}") from error
    except (yaml.YAMLError, RecursionError, storage.EncodingError, OSError) as error:
        raise ProfileError(f"{where} cannot be read: {error}") from error
    likes = {feed: other for other, listed in source.like.items() for feed in listed}
    known = [feed for feed in feeds() if feed not in likes] if source.synonyms == "every" else source.synonyms
    if unknown := [feed for feed in (*likes, *known) if feed not in feeds()]:
        raise ProfileError(f"{where}: there is no feed {unknown[0]!r}; feeds are {', '.join(feeds())}.")
    told = {feed: f"{feeds()[feed].label_en}, with the headers known for them." for feed in known}
    return {
        **{feed: {"description": told[feed], "synonyms": "true"} for feed in known},
        **{feed: {"like": other} for feed, other in likes.items()},
    }
