"""`dial2deal map`: recognise each file, or propose a profile for it, and say what loading it would do."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from dial2deal import policy, storage, warehouse
from dial2deal.feeds.catalogue import feeds
from dial2deal.feeds.problems import ProfileError
from dial2deal.feeds.profiles import Profile, Profiles
from dial2deal.landing.deliveries import deliveries
from dial2deal.mapping import content, probe
from dial2deal.mapping.decide import Decision, Order, decide, known_order, misshapen, shape_of
from dial2deal.mapping.guess import Guess, Vocabulary
from dial2deal.mapping.naming import source_name
from dial2deal.mapping.profile_text import like_text, order_text, profile_text
from dial2deal.mapping.propose import propose
from dial2deal.mapping.recognise import Candidate, candidates, mentions, used_by
from dial2deal.mapping.result import MapError, Mapping, Options
from dial2deal.mapping.trial import Outcome, Trial, trial
from dial2deal.mapping.values import misspelt
from dial2deal.policy.models import ValueMap
from dial2deal.readers.problems import FileProblem
from dial2deal.settings import Settings

_TRIED = 5
_TRIED_ROWS = 300
_CLOSE = 0.2
# A profile that lives from synonyms must know more of a file than one made for it.
_RECOGNISED, _RECOGNISED_GENERIC = 0.4, 0.6
_FITTING = 0.4
_LISTED = 3
_FILES = 50


def map_path(settings: Settings, path: Path, options: Options) -> list[Mapping]:
    """Map a file or every file of a folder; files with the same header are mapped once. Raises MapError."""
    files = (
        [path]
        if path.is_file()
        else [f for f in sorted(path.rglob("*")) if f.is_file() and not f.name.startswith((".", "~$"))][:_FILES]
    )
    if not files:
        raise MapError(f"{path} holds no file.")
    if options.feed and options.feed not in feeds():
        raise MapError(f"There is no feed {options.feed!r}; feeds are {', '.join(feeds())}.")
    rules = policy.load(settings)
    found: dict[tuple[Any, ...], Mapping] = {}
    work = settings.tmp / f"map-{secrets.token_hex(6)}"
    try:
        with warehouse.scratch() as con:
            for file in (part for whole in files for part in probe.members(whole.resolve(), work)):
                mapping = _map_file(settings, con, rules, file, work, options)
                key = (tuple(c["header"] for c in mapping.columns), mapping.problem)
                if key in found:
                    found[key].notes.append(f"{file.name} has the same columns")
                else:
                    found[key] = mapping
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return list(found.values())


def _map_file(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    rules: policy.Policy,
    file: probe.Member,
    work: Path,
    options: Options,
) -> Mapping:
    profiles = Profiles(settings.profile_dirs)
    landed = _landed(settings, file.delivered)
    source, feed = options.source or landed[0], options.feed or landed[1]
    if source and feed and (own := _resolved(profiles, source, feed)):
        feed = own.feed.name  # calls of a vendor of legs are delivered in its folder calls
    try:
        if file.problem:
            raise FileProblem(file.problem)
        chosen = _own(profiles, source, feed) if not options.fresh else None
        sample, found = examine(settings, con, profiles, file, work, chosen, feed)
    except FileProblem as problem:
        return Mapping(
            file.delivered,
            file.name,
            source or "",
            feed or "",
            None,
            "",
            "",
            "",
            0,
            [],
            [],
            {},
            [],
            None,
            problem=str(problem),
        )
    contents = content.describe(con, sample.cells)
    found = [c for c in found if c.profile is chosen or _is_shaped(c, contents)]
    known = Vocabulary(None if options.fresh else profiles, rules.rows(ValueMap))
    readable = found[0] if found and (found[0].profile is chosen or is_complete(found[0])) else None
    named = source or source_name(file.delivered, feed or "export", (name for name, _ in profiles.names()))
    if readable and not options.fresh:
        mapping = _recognised(con, sample, readable, source, contents)
        mapping.notes += misspelt(readable.profile, known.canonical)
    elif (order := _order(sample, contents)) and feed in (None, order.feed):
        mapping = _ordered(profiles, sample, order, named, contents)
    else:
        decision = decide(known, sample.header, contents, file.name.rpartition("!")[2], feed)
        mapping = _proposed(con, known, profiles, sample, contents, decision, rules, source or "", file)
    if readable and options.fresh:
        mapping.notes.append(f"already readable as {readable.name} without a profile of your own")
    mapping.path, mapping.name = file.delivered, file.name
    mapping.candidates = [{"profile": c.name, "score": c.score, "missing": c.match.missing} for c in found[:_LISTED]]
    if mapping.feed:
        with trial(settings) as trying:
            if mapping.profile_text:
                trying.profile(mapping.source, mapping.feed, mapping.profile_text)
            mapping.outcome = _dry_run(trying, mapping, sample, options)
        _write(settings, profiles, mapping, options)
    _advise(settings, mapping, landed)
    return mapping


def _order(sample: probe.Sample, contents: list[content.Content]) -> Order | None:
    return None if sample.has_header or sample.container != "text" else known_order(contents)


def _is_shaped(candidate: Candidate, contents: list[content.Content]) -> bool:
    """Whether the columns make rows of the candidate's kind; vendors' own headers leave no doubt."""
    return not candidate.profile.file.synonyms or not misshapen(
        candidate.profile.feed.name, shape_of(candidate.header, contents)
    )


def _resolved(profiles: Profiles, source: str, feed: str) -> Profile | None:
    """The profile that reads what lies in landing/<source>/<feed>; None when it is wrong, which its files say."""
    try:
        return profiles.resolve(source, feed)
    except ProfileError:
        return None


def examine(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    profiles: Profiles,
    file: probe.Member,
    work: Path,
    chosen: Profile | None = None,
    feed: str | None = None,
) -> tuple[probe.Sample, list[Candidate]]:
    """The sample and the profiles that may fit it; one JSON object is an envelope unless a profile knows it whole."""

    def rank(sample: probe.Sample) -> list[Candidate]:
        if chosen is not None:
            return [c for c in candidates(profiles, sample, chosen.source, chosen.feed.name) if c.profile is chosen]
        return ranked(settings, con, profiles, sample, feed)

    sample = probe.look(con, file.path, work)
    found = rank(sample)
    if sample.container == "json" and sample.cells.rows == 1 and not (found and is_complete(found[0])):
        inner = probe.look_inside(con, file.path, work)
        if inner is not None:
            return inner, rank(inner)
        sample = probe.look(con, file.path, work)
    return sample, found


def is_complete(candidate: Candidate) -> bool:
    """Whether a file can be called one of this profile: nothing required is lacking, and enough is known."""
    least = _RECOGNISED_GENERIC if candidate.profile.file.synonyms else _RECOGNISED
    return not candidate.match.missing and candidate.score >= least


def _own(profiles: Profiles, source: str | None, feed: str | None) -> Profile | None:
    """The profile of exactly the source and feed asked for."""
    return profiles.get(source, feed) if source and feed else None


def ranked(
    settings: Settings,
    con: duckdb.DuckDBPyConnection,
    profiles: Profiles,
    sample: probe.Sample,
    feed: str | None = None,
) -> list[Candidate]:
    """The profiles that may fit, best first; those that are close are told apart by loading some rows through each."""
    found = candidates(profiles, sample, feed=feed)
    close = [c for c in found if is_complete(c) and (not sample.has_header or c.score > found[0].score - _CLOSE)]
    # Profiles that live from synonyms read a feed alike, whatever their source.
    alike = {(c.profile.feed.name, c.score, not c.profile.file.synonyms and c.name): c for c in reversed(close)}
    close = list(alike.values())[::-1][:_TRIED]
    if not close or sample.container != "text" or (len(close) < 2 and sample.has_header):
        return found
    with trial(settings) as trying:
        for candidate in close:
            trying.place(sample.path, candidate.profile.source, candidate.profile.feed.name, _TRIED_ROWS, is_text=True)
        outcomes = trying.load()
    fits = {c.name: outcomes[c.profile.source, c.profile.feed.name].fit for c in close}
    if not sample.has_header:
        # The number of cells is all that speaks for a profile: the rows must bear it out.
        borne_out = [c for c in found if fits.get(c.name, 0.0) >= _FITTING]
        said = content.codes(con, sample.cells)
        return sorted(borne_out, key=lambda c: (-fits[c.name], -mentions(c.profile, said), -c.score, c.name))
    return sorted(found, key=lambda c: (-c.score * (1 + fits.get(c.name, 0.0)), c.name))


def _recognised(
    con: duckdb.DuckDBPyConnection,
    sample: probe.Sample,
    best: Candidate,
    source: str | None,
    contents: list[content.Content],
) -> Mapping:
    by_index = {i: column for column, i in best.match.positions.items()}
    used = used_by(best.profile, best.header, best.match)
    unknown = set(best.match.unknown.values())
    guesses = []
    for i, header in enumerate(best.header):
        if i in by_index:
            guesses.append(Guess(i, header, by_index[i], "high", f"profile {best.name}"))
        elif i in unknown or not header.strip():
            guesses.append(Guess(i, header, None, "", "not known to the profile; kept in _extra"))
        else:
            guesses.append(Guess(i, header, None, "high", "computed by the profile" if i in used else "ignored"))
    mapping = _mapping(sample, guesses, contents, source or best.profile.source, best.profile.feed.name)
    for i, entry in enumerate(mapping.columns):
        entry["used_by"] = used.get(i, [])
    mapping.recognised = best.name
    key = best.profile.feed.key[0]
    if key not in best.match.positions and best.profile.rule(key).hash_of:
        unique = [best.header[i] for i in sorted(unknown) if i < len(contents) and contents[i].is_unique]
        mapping.notes += [
            f"{key} is a hash here, yet {header} differs in every row: if it is the id, --new --source "
            "NAME proposes a profile that says so"
            for header in unique[:1]
        ]
    mapping.missing = {c: f"accepted: {best.profile.expected(c)}" for c in best.match.missing}
    if source not in (None, best.profile.source):
        mapping.profile_text = like_text(best.profile.source, sample.path.name)
    return mapping


def _ordered(
    profiles: Profiles, sample: probe.Sample, order: Order, source: str, contents: list[content.Content]
) -> Mapping:
    """A file without header whose cells are in the order of a known profile's."""
    guesses = [Guess(i, name, None, "high", f"read as {order.like} reads it") for i, name in enumerate(order.names)]
    mapping = _mapping(sample, guesses, contents, source, order.feed)
    mapping.sure = "high"
    mapping.profile_text = order_text(order, sample)
    mapping.notes.append(
        f"no header line, but the cells are in the order of {order.like}: {', '.join(order.names[:4])} …"
    )
    return mapping


def _proposed(
    con: duckdb.DuckDBPyConnection,
    words: Vocabulary,
    profiles: Profiles,
    sample: probe.Sample,
    contents: list[content.Content],
    decision: Decision,
    rules: policy.Policy,
    source: str,
    file: probe.Member,
) -> Mapping:
    if decision.best is None:
        nearest = decision.nearest.columns if decision.nearest else []
        mapping = _mapping(sample, [Guess(g.index, g.header) for g in nearest], contents, source, "")
        mapping.verdict = decision.why_none()
        mapping.second = decision.nearest.feed.name if decision.nearest else None
        return mapping
    proposal = propose(con, words, profiles, sample, contents, decision.best, rules.text("time_zone"))
    source = source or source_name(file.delivered, proposal.feed.name, (name for name, _ in profiles.names()))
    mapping = _mapping(sample, proposal.guess.columns, contents, source, proposal.feed.name)
    mapping.sure, mapping.second = decision.sure, decision.second
    for entry in mapping.columns:
        used = [
            rule.column
            for rule in proposal.rules.values()
            if rule.expression and f"{{{entry['header']}}}" in rule.expression
        ]
        if used and entry["column"] not in used:
            entry["used_by"] = used
    mapping.missing, mapping.notes = dict(proposal.missing), list(proposal.notes)
    mapping.profile_text = profile_text(proposal, sample, words)
    return mapping


def _mapping(
    sample: probe.Sample, guesses: list[Guess], contents: list[content.Content], source: str, feed: str
) -> Mapping:
    table = sample.table
    columns = [
        {
            **{k: v for k, v in asdict(g).items() if k not in ("index", "is_party")},
            "samples": contents[g.index].samples,
            "used_by": [],
        }
        for g in guesses
        if g.index < len(contents)
    ]
    return Mapping(
        sample.path,
        sample.path.name,
        source,
        feed,
        None,
        sample.container,
        table.encoding,
        table.delimiter,
        sample.header_line,
        columns,
        [],
        {},
        list(table.notes),
        None,
    )


def _dry_run(trying: Trial, mapping: Mapping, sample: probe.Sample, options: Options) -> Outcome | None:
    place = (mapping.source, mapping.feed)
    trying.place(sample.path, *place, options.rows, is_text=sample.container == "text")
    return trying.load(audited=options.audit).get(place)


def _write(settings: Settings, profiles: Profiles, mapping: Mapping, options: Options) -> None:
    """Keep the proposed profile where loading finds it; an existing one is never touched without ``force``."""
    if mapping.profile_text is None:
        return
    mapping.profile_path = settings.home / "profiles" / mapping.source / f"{mapping.feed}.yml"
    if not options.write:
        return
    if mapping.profile_path.exists() and not options.force:
        mapping.notes.append(
            f"{mapping.profile_path} exists already and may hold your edits, so it was not replaced: "
            "choose another --source, or --force"
        )
        return
    if not options.force and (vendors := _vendors_own(settings, profiles, mapping)):
        mapping.notes.append(
            f"not written, because it would go before the project's own profile {vendors} for every "
            f"file of {mapping.source}: choose another --source, or --force"
        )
        return
    storage.write(mapping.profile_path, mapping.profile_text)
    Profiles(settings.profile_dirs).get(mapping.source, mapping.feed)  # raises should it ever be invalid
    mapping.written = True


def _vendors_own(settings: Settings, profiles: Profiles, mapping: Mapping) -> str | None:
    """The project's profile that a written one would override, or whose files it would take away."""
    own = _resolved(profiles, mapping.source, mapping.feed)
    delivered = own and own.feed.name
    place = (mapping.source, delivered or mapping.feed)
    of_project = Profiles((settings.project_root / "profiles",)).names()
    return "/".join(place) if place in of_project else None


def _advise(settings: Settings, mapping: Mapping, landed: tuple[str | None, str | None]) -> None:
    if mapping.verdict:
        mapping.next_commands.append(
            f"should it be one of the feeds after all, name it: dial2deal map {mapping.path} "
            f"--feed {mapping.second or 'calls'}"
        )
        return
    if mapping.profile_path and (mapping.written or mapping.profile_path.exists()):
        mapping.next_commands.append(
            f"edit {mapping.profile_path}, then: dial2deal map {mapping.path} "
            f"--source {mapping.source} --feed {mapping.feed}"
        )
    elif mapping.profile_text:
        mapping.next_commands.append("the profile was not kept; nothing can be loaded through it")
        return
    if mapping.outcome and not mapping.outcome.total("rows_accepted"):
        return  # loading it would fail as the dry run did
    if landed == (mapping.source, mapping.feed):
        mapping.next_commands.append("dial2deal build")
    else:
        mapping.next_commands += [
            f"dial2deal load {mapping.path} --source {mapping.source} --feed {mapping.feed}",
            f"from then on, drop such files into {settings.landing / mapping.source / mapping.feed}/ and run: "
            "dial2deal build",
        ]


def _landed(settings: Settings, path: Path) -> tuple[str | None, str | None]:
    """(source, feed) of a file that lies in landing already."""
    inside = path.is_relative_to(settings.landing)
    found = next(iter(deliveries(settings.landing, "UTC", [path])), None) if inside else None
    return (found.source or None, found.feed if found.feed in feeds() else None) if found else (None, None)
