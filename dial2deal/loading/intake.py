"""What of landing is to be loaded now, in batches: archives opened, files still being written left for later."""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from dial2deal.feeds.problems import ProfileError
from dial2deal.feeds.profiles import Profile, Profiles
from dial2deal.landing import archives
from dial2deal.landing.deliveries import Delivery, done_file, has_changed
from dial2deal.loading import ledger, together
from dial2deal.readers.problems import FileProblem, MachineProblem


@dataclass(frozen=True)
class Intake:
    """``stable_seconds``: a file younger than this may still be growing."""

    con: duckdb.DuckDBPyConnection
    profiles: Profiles
    known: ledger.Known
    work: Path
    zone: str
    stable_seconds: float = 0

    def batches(self, found: Sequence[Delivery]) -> Iterator[list[Delivery]]:
        """All deliveries, neighbours of one kind together; archives come last, as their members.

        A member's file is deleted by whoever took it; an archive is known as done when all its members were taken.
        """
        packed = [delivery for delivery in found if self._is_archive(delivery)]
        apart = {delivery.relative for delivery in packed}
        yield from together.batches(delivery for delivery in found if delivery.relative not in apart)
        inside = defaultdict(list)
        for path in self.known.paths:
            inside[path.partition("!")[0]].append(path)
        for archive in packed:
            try:
                yield from together.batches(self._members(archive, inside[archive.relative]))
            finally:
                shutil.rmtree(self.work, ignore_errors=True)

    def waits_for(self, delivery: Delivery) -> str | None:
        """Why a delivery is not loaded yet, None when it is to be loaded."""
        if delivery.problem or delivery.unpacked or self._is_known(delivery):
            return None
        age = time.time() - delivery.modified_ns / 1e9
        if 0 <= age < self.stable_seconds:
            return f"changed {age:.0f} seconds ago; loaded once it has not changed for {self.stable_seconds:.0f}"
        profile = self._profile(delivery)
        if profile and profile.file.complete_when == "done_file" and not done_file(delivery).exists():
            return f"waits for {done_file(delivery).name}"
        return "still being written" if has_changed(delivery) else None

    def _is_archive(self, delivery: Delivery) -> bool:
        if delivery.problem:
            return False
        seen = self.known.paths.get(delivery.relative)
        if seen and seen[:2] == (delivery.bytes, delivery.modified_ns) and not self.known.is_to_be_tried(seen[2]):
            return seen[2] == ledger.ARCHIVE
        return archives.kind_of(delivery.path) is not None

    def _members(self, archive: Delivery, before: list[str]) -> Iterator[Delivery]:
        if self.known.paths.get(archive.relative) == (archive.bytes, archive.modified_ns, ledger.ARCHIVE):
            members = [
                replace(archive, relative=path, bytes=self.known.paths[path][0])
                for path in before
                if path != archive.relative
            ]
            if all(map(self._is_known, members)):
                yield from members
                return
        try:
            names = []
            for member in archives.unpacked(archive, self.work, self.zone):
                names.append(member.relative)
                yield member
        except (FileProblem, MachineProblem) as error:
            yield replace(archive, problem=str(error), is_passing=isinstance(error, MachineProblem))
            return
        ledger.remember_archive(self.con, self.known, archive, names)

    def _is_known(self, delivery: Delivery) -> bool:
        profile = self._profile(delivery)
        if profile is None:
            return self.known.unchanged(delivery, ledger.NO_PROFILE) is not None
        return self.known.unchanged(replace(delivery, feed=profile.feed.name), profile.version) is not None

    def _profile(self, delivery: Delivery) -> Profile | None:
        try:
            return self.profiles.resolve(delivery.source, delivery.feed)
        except ProfileError:
            return None
