"""From guesses to a profile: computed columns, ids that are unique, units, zones, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import combinations

import duckdb

from dial2deal.feeds.catalogue import Feed
from dial2deal.feeds.profiles import WHOLE_ROW, Profiles, header_unit
from dial2deal.mapping.content import Content, unique_together
from dial2deal.mapping.guess import FeedGuess, Guess, Vocabulary, hint, hints
from dial2deal.mapping.meanings import meaning
from dial2deal.mapping.probe import Sample
from dial2deal.mapping.values import meant, proposed
from dial2deal.readers.headers import normalise_header
from dial2deal.sql import literal, only_row

_ID_TRIES = 80
_ENOUGH = 0.9
_NIGHT = 0.4
_STEADY = ("id", "phone", "timestamp", "date", "seconds", "money")


@dataclass(frozen=True)
class Rule:
    """One entry of ``columns``: exactly one of header, expression, hash_of, const; ``doubt`` explains it."""

    column: str
    confidence: str
    reason: str
    header: str | None = None
    expression: str | None = None
    hash_of: tuple[str, ...] = ()
    const: str | None = None
    unit: str | None = None
    samples: list[str] = field(default_factory=list)


@dataclass
class Proposal:
    """What `dial2deal map` proposes for a file. ``missing``: column → what to do about it."""

    guess: FeedGuess
    rules: dict[str, Rule]
    options: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)  # what everyday words stand for
    unknown_values: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def feed(self) -> Feed:
        return self.guess.feed


def propose(
    con: duckdb.DuckDBPyConnection,
    words: Vocabulary,
    profiles: Profiles,
    sample: Sample,
    contents: list[Content],
    guess: FeedGuess,
    zone: str,
) -> Proposal:
    """The profile that reads the sample as `decide` says."""
    proposal = Proposal(guess, {})
    _parties(proposal, words, profiles, sample, contents)
    for item in proposal.guess.columns:
        if item.column:
            content = contents[item.index]
            proposal.rules[item.column] = Rule(
                item.column, item.confidence, item.reason, header=item.header, samples=content.samples
            )
    _event_time(proposal, sample, contents)
    _identity(con, proposal, sample, contents)
    _end_time(con, proposal, contents)
    _talk_time(proposal)
    _missed(proposal, contents)
    _elapsed_units(con, proposal, sample, contents)
    _zones(con, proposal, contents, zone)
    _values(proposal, words, contents)
    _required(proposal, words)
    if not sample.has_header:
        proposal.options["header"] = "none"
    if sample.records:
        proposal.options["records"] = sample.records
    return proposal


def _parties(
    proposal: Proposal, words: Vocabulary, profiles: Profiles, sample: Sample, contents: list[Content]
) -> None:
    """Caller and called change sides with the direction; where the base profile knows both headers, by its rules."""
    parties, direction = proposal.guess.parties, proposal.guess.of("direction")
    if parties is None or direction is None:
        return
    known = words.values.get((proposal.feed.name, "direction"), {})
    out = [v for v in contents[direction.index].values if meant(known, "direction", v) == "outbound"]
    base = profiles.get(hints()["parties_like"], proposal.feed.name)
    match = base.match(sample.header) if base and base.file.helpers else None
    if (
        base
        and match
        and all(v.strip().lower() in known for v in out)
        and "customer_number" not in match.positions
        and (len(match.helpers) == len(base.file.helpers))
    ):
        proposal.options["like"] = base.source
        for column in ("customer_number", "own_number"):
            proposal.rules[column] = Rule(column, "high", f"by direction, see profiles/{base.source}", expression="")
        return
    caller, called = (f"{{{sample.header[i]}}}" for i in parties)
    condition = (
        f"case when trim({{{direction.header}}}) in ({', '.join(map(literal, out)) or literal('outbound')}) then"
    )
    why = f"by direction: {sample.header[parties[0]]} calls {sample.header[parties[1]]}"
    for column, (ours, theirs) in {"customer_number": (called, caller), "own_number": (caller, called)}.items():
        proposal.rules[column] = Rule(column, "medium", why, expression=f"{condition} {ours} else {theirs} end")


def _event_time(proposal: Proposal, sample: Sample, contents: list[Content]) -> None:
    """A date beside a time of day, or day and month, make the moment that the feed needs."""
    event = proposal.feed.event_column
    if event is None or proposal.feed.columns[event].kind != "timestamp":
        return
    guess = proposal.guess.of(event)
    if guess and contents[guess.index].timestamp >= 0.5:
        return
    headers, free = sample.header, _free(proposal)
    clocks = [i for i in free if contents[i].clock >= _ENOUGH and contents[i].late_clock >= 0.2]
    if guess and clocks:
        proposal.rules[event] = Rule(
            event,
            "medium",
            f"content: dates in {guess.header}, the first times of day in {headers[clocks[0]]}",
            expression=f"{{{guess.header}}} || ' ' || {{{headers[clocks[0]]}}}",
            samples=contents[clocks[0]].samples,
        )
        if len(clocks) > 1:
            proposal.notes.append(
                "other times of day: "
                + ", ".join(headers[i] for i in clocks[1:])
                + f"; with the date they make moments too: \"{{{guess.header}}} || ' ' || {{…}}\""
            )
        return
    if guess is None:
        _day_and_month(proposal, event, sample, contents)


def _day_and_month(proposal: Proposal, event: str, sample: Sample, contents: list[Content]) -> None:
    headers, free = sample.header, _free(proposal)
    days = [i for i in free if contents[i].day_number >= _ENOUGH and hint("day", headers[i])]
    months = [i for i in free if contents[i].month >= _ENOUGH and hint("month", headers[i])]
    if days and months:
        # A leap year has all days; which year it was stands nowhere in the file.
        year = "2000"
        form = "%d %b %Y" if any(sample_.isalpha() for sample_ in contents[months[0]].samples) else "%d %m %Y"
        proposal.rules[event] = Rule(
            event,
            "low",
            f"content: day and month; THE YEAR IS NOT IN THE FILE, {year} stands in for it",
            expression=f"strftime(try_strptime({{{headers[days[0]]}}} || ' ' || {{{headers[months[0]]}}} || ' {year}', "
            f"'{form}'), '%Y-%m-%d')",
            samples=contents[months[0]].samples,
        )


def _identity(con: duckdb.DuckDBPyConnection, proposal: Proposal, sample: Sample, contents: list[Content]) -> None:
    """An id that is unique in the sample: the file's own, several columns together, or a hash."""
    feed = proposal.feed
    if len(feed.key) > 1:
        return
    key = feed.key[0]
    guess = proposal.guess.of(key)
    if guess and unique_together(con, [guess.index]):
        return
    headers = sample.header
    steady = [
        i
        for i in range(len(headers))
        if contents[i].share_filled > 0.98 and contents[i].distinct > 1 and headers[i].strip()
    ]
    if guess:
        others = sorted(
            (i for i in steady if i != guess.index),
            key=lambda i: (not (contents[i].date >= _ENOUGH), not hint("id", headers[i]), contents[i].longest, i),
        )
        tries = [list(some) for size in (1, 2) for some in combinations(others, size)][:_ID_TRIES]
        found = next((some for some in tries if unique_together(con, [*some, guess.index])), None)
        if found:
            parts = " || '/' || ".join(f"{{{headers[i]}}}" for i in (*found, guess.index))
            together = ", ".join(headers[i] for i in found)
            proposal.rules[key] = Rule(
                key,
                "medium",
                f"{guess.header} alone repeats; unique in the sample together with {together}",
                expression=parts,
            )
        else:
            proposal.notes.append(f"{guess.header} repeats in the sample: of rows with one id the latest counts")
        return
    if proposal.options.get("like"):
        proposal.rules[key] = Rule(key, "low", "the export has no id: a hash of what identifies a call", expression="")
        return
    _hashed_identity(con, proposal, sample, contents, key)


def _hashed_identity(
    con: duckdb.DuckDBPyConnection, proposal: Proposal, sample: Sample, contents: list[Content], key: str
) -> None:
    used = [g for g in proposal.guess.columns if g.column and contents[g.index].distinct > 1]
    # What is corrected later, such as a result or notes, is no part of an identity if it need not be.
    steady = [g for g in used if g.column and proposal.feed.columns[g.column].kind in _STEADY]
    for some in (steady, used):
        if some and unique_together(con, [g.index for g in some]):
            proposal.rules[key] = Rule(
                key,
                "low",
                "the export has no id: a hash of the columns that are known",
                hash_of=tuple(g.column for g in some if g.column),
            )
            return
    everything = unique_together(con, list(range(len(sample.header))))
    doubt = "" if everything else "; EQUAL ROWS EXIST AND COUNT ONCE"
    proposal.rules[key] = Rule(
        key, "low", f"the export has no id: a hash of the whole row{doubt}", hash_of=(WHOLE_ROW,)
    )


def _end_time(con: duckdb.DuckDBPyConnection, proposal: Proposal, contents: list[Content]) -> None:
    """Of the moments that no header explains, the one that lies furthest after the start is the end."""
    event = proposal.guess.of(proposal.feed.event_column or "")
    if event is None or "ended_at" not in proposal.feed.columns or "ended_at" in proposal.rules:
        return
    later = {}
    for i in (i for i in _free(proposal) if contents[i].timestamp >= _ENOUGH):
        never, after = only_row(
            con.execute(
                f"select avg((s < 0)::int), median(s) from (select date_diff('second', parse.ts(c{event.index}), "
                f"parse.ts(c{i})) as s from look)"
            )
        )
        if never == 0 and after and after > 0:
            later[i] = after
    if later:
        index = max(later, key=lambda i: later[i])
        guess = Guess(index, proposal.guess.columns[index].header, "ended_at", "low", "content: never before the start")
        proposal.guess = replace(
            proposal.guess, columns=[guess if g.index == index else g for g in proposal.guess.columns]
        )
        proposal.rules["ended_at"] = Rule(
            "ended_at", guess.confidence, guess.reason, header=guess.header, samples=contents[index].samples
        )


def _missed(proposal: Proposal, contents: list[Content]) -> None:
    """A flag of missed calls says, turned round, which were answered."""
    feed, rules = proposal.feed, proposal.rules
    if "is_connected" not in feed.columns or "is_connected" in rules or "tech_result" in rules:
        return
    for i in _free(proposal):
        header = proposal.guess.columns[i].header
        said = meaning(header).concepts
        if "miss" in said and not said & {"count", "reason"} and contents[i].yes_no >= _ENOUGH:
            rules["is_connected"] = Rule(
                "is_connected",
                "medium",
                f"{header} turned round",
                expression=f"(not parse.bool({{{header}}}))::varchar",
                samples=contents[i].samples,
            )
            return


def _talk_time(proposal: Proposal) -> None:
    """The length of a conversation from answer to end, when only its two moments are there."""
    rules = proposal.rules
    lacks = "talk_seconds" in proposal.feed.columns and "talk_seconds" not in rules
    if lacks and {"answered_at", "ended_at"} <= set(rules):
        rules["talk_seconds"] = Rule(
            "talk_seconds",
            "low",
            "no length of talk: from answer to end",
            expression="date_diff('second', parse.ts({answered_at}), parse.ts({ended_at}))::varchar",
        )


def _elapsed_units(con: duckdb.DuckDBPyConnection, proposal: Proposal, sample: Sample, contents: list[Content]) -> None:
    """Units of lengths of time, from the ratio to the time between start and end, else from their size."""
    event, end = proposal.guess.of(proposal.feed.event_column or ""), proposal.guess.of("ended_at")
    for column in ("talk_seconds", "total_seconds", "recording_seconds"):
        guess, rule = proposal.guess.of(column), proposal.rules.get(column)
        if guess is None or rule is None or header_unit(guess.header):
            continue
        content = contents[guess.index]
        ratio = None
        if event and end:
            ratio = only_row(
                con.execute(
                    "select median(said / nullif(elapsed, 0)) from (select coalesce(parse.num("
                    f"c{guess.index}), parse.seconds(c{guess.index})) as said, date_diff('second', "
                    f"parse.ts(c{event.index}), parse.ts(c{end.index})) as elapsed from look) where said > 0"
                )
            )[0]
        unit, reason = _unit(content, ratio)
        if unit:
            proposal.rules[column] = replace(rule, unit=unit, reason=f"{rule.reason}; {reason}")
            proposal.guess = replace(
                proposal.guess,
                columns=[
                    replace(g, unit=unit, note=reason) if g.index == guess.index else g for g in proposal.guess.columns
                ],
            )


def _unit(content: Content, ratio: float | None) -> tuple[str | None, str]:
    if ratio is not None:
        if 60 < ratio <= 1100:
            return "ms", "milliseconds: about a thousand times the time from start to end"
        if 0.001 < ratio < 0.02:
            clock = content.number < 0.5
            return ("[h:m]" if clock else "min"), (
                "hours:minutes" if clock else "minutes"
            ) + ": about a sixtieth of the time from start to end"
        return None, ""
    if content.integer >= _ENOUGH and (content.largest or 0) > 1_000_000:
        return "ms", "milliseconds? no call lasts eleven days"
    return None, ""


def _zones(con: duckdb.DuckDBPyConnection, proposal: Proposal, contents: list[Content], zone: str) -> None:
    """What zone and which order of day and month the times are in, as far as they tell."""
    event = proposal.feed.event_column
    guess = proposal.guess.of(event) if event else None
    if guess is None:
        return
    content = contents[guess.index]
    if content.slashed >= 0.5:
        first, second = only_row(
            con.execute(
                f"select max(try_cast(regexp_extract(c{guess.index}, '^([0-9]+)', 1) as integer)), max(try_cast("
                f"regexp_extract(c{guess.index}, '^[0-9]+[/.-]([0-9]+)', 1) as integer)) from incoming"
            )
        )
        order = "dmy" if (first or 0) > 12 else "mdy"
        proposal.options["date_order"] = order
        sure = max(first or 0, second or 0) > 12
        note = f"day and month: {order}" + ("" if sure else ", BUT NO DAY IS ABOVE 12, so this is a guess")
    elif content.zoned >= 0.5:
        note = "the zone stands in the text"
    elif content.epoch >= 0.5:
        note = f"seconds or milliseconds since 1970 (UTC); become {zone}"
    else:
        night = only_row(
            con.execute(
                f"select avg((date_part('hour', parse.ts(c{guess.index})) < 6)::int) from look "
                f"where parse.ts(c{guess.index}) is not null and contains(c{guess.index}, ':')"
            )
        )[0]
        note = f"local time of {zone}, unless time_zone: says otherwise"
        if night and night > _NIGHT:
            note += f"; {night:.0%} lie between 0 and 6 o'clock: perhaps they are UTC (time_zone: UTC)"
    proposal.guess = replace(
        proposal.guess, columns=[replace(g, note=note) if g.index == guess.index else g for g in proposal.guess.columns]
    )


def _values(proposal: Proposal, words: Vocabulary, contents: list[Content]) -> None:
    """Values of columns with a vocabulary that no map knows yet: what everyday words mean, and what is left."""
    for guess in proposal.guess.columns:
        if guess.column and proposal.feed.columns[guess.column].kind == "map":
            known = words.values.get((proposal.feed.name, guess.column), {})
            values = contents[guess.index].values
            if found := proposed(known, guess.column, values):
                proposal.values[guess.column] = found
            if unknown := [v for v in values if v.strip().lower() not in known and v not in found]:
                proposal.unknown_values[guess.column] = unknown


def _required(proposal: Proposal, words: Vocabulary) -> None:
    """Say what is lacking; where a constant may stand in, the profile has one, so that the file loads."""
    feed = proposal.feed
    for column in feed.columns.values():
        if not column.required or column.name in proposal.rules:
            continue
        if assumed := hints()["assumed"].get(f"{feed.name}.{column.name}"):
            proposal.rules[column.name] = Rule(
                column.name, "low", "ASSUMED for every row: no column says it", const=assumed
            )
        elif column.name == feed.event_column or column.name in feed.key:
            one_of = sorted(words.canonical.get((feed.name, column.name), ()))
            help_ = (
                (
                    f". If one value holds for every row, write {column.name}: {{const: {one_of[0]}}}; it may be "
                    f"{', '.join(one_of)}"
                )
                if one_of
                else ""
            )
            proposal.missing[column.name] = (
                f"nothing in the file looks like it; the file cannot be loaded without it{help_}"
            )
        else:
            proposal.missing[column.name] = "nothing in the file looks like it; empty for every row until you name it"
            proposal.rules[column.name] = Rule(column.name, "low", "NOT FOUND: name a header or a constant", const="")


def _free(proposal: Proposal) -> list[int]:
    return [g.index for g in proposal.guess.columns if g.column is None and normalise_header(g.header)]
