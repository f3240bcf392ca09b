"""A proposal as the YAML of a profile: every guess with its reason beside it, valid by construction."""

from __future__ import annotations

import json

from dial2deal.mapping.decide import Order
from dial2deal.mapping.guess import Vocabulary
from dial2deal.mapping.probe import Sample
from dial2deal.mapping.propose import Proposal, Rule

_COMMENT_AT = 56
_VALUES_SHOWN = 12


def profile_text(proposal: Proposal, sample: Sample, words: Vocabulary) -> str:
    """The profile to edit."""
    feed, rows = proposal.feed, sample.cells.rows
    lines = [
        f"# Proposed for {feed.name} by 'dial2deal map' from {rows:,} row(s) of a file like {sample.path.name}.",
        "# Beside each column: how sure the guess is, why, and what its values look like. Edit what is wrong, then run",
        "# 'dial2deal map' again: it reads the file through this profile and says what would be quarantined.",
        *(f"# Note: {note}." for note in proposal.notes),
        f"description: {_quoted('Export with the headers of ' + sample.path.name)}",
    ]
    lines += [f"{key}: {value}" for key, value in proposal.options.items()]
    if "date_order" not in proposal.options and (event := proposal.guess.of(feed.event_column or "")) and event.note:
        lines.append(f"# {feed.event_column}: {event.note}.")
    if not sample.has_header:
        lines += [
            "dialects:   # number of cells: their names, which you may change",
            f"  {len(sample.header)}: [{', '.join(map(_quoted, sample.header))}]",
        ]
    lines.append("columns:" + ("" if any(_is_written(rule) for rule in proposal.rules.values()) else " {}"))
    for column in feed.columns:
        if column in proposal.rules:
            lines += _column(proposal.rules[column])
        elif column in proposal.missing:
            lines.append(f"  # {column}: …   # REQUIRED: {proposal.missing[column]}")
    lines += _values(proposal, words)
    unused = [g.header.strip() for g in proposal.guess.columns if not g.column and not g.reason and g.header.strip()]
    used = {h for rule in proposal.rules.values() for h in unused if rule.expression and f"{{{h}}}" in rule.expression}
    kept = [header for header in unused if header not in used]
    if kept:
        lines.append("# Kept in _extra, because nothing is known of them: " + ", ".join(map(_plain, kept)))
        lines.append("# ignore: []   # list those that carry nothing worth keeping")
    return "\n".join(lines) + "\n"


def order_text(order: Order, sample: Sample) -> str:
    """The profile of a file without header whose cells are in a known order."""
    return (
        f"# 'dial2deal map' found the cells of {_plain(sample.path.name)} in the order of {order.like}.\n"
        f"description: {_quoted('As ' + order.like + ', without a header line')}\nlike: {order.like}\n"
        f"header: none\ndelimiter: {_quoted(sample.table.delimiter)}\ndialects:\n"
        f"  {len(order.names)}: [{', '.join(map(_quoted, order.names))}]\n"
    )


def like_text(source: str, file_name: str) -> str:
    """The profile of an own source that exports as a known one does."""
    return (
        f"# 'dial2deal map' found the columns of {source} in {_plain(file_name)}; what you add here wins over it.\n"
        f"description: {_quoted('Exports as ' + source + ' does')}\nlike: {source}\n"
    )


def _is_written(rule: Rule) -> bool:
    return rule.expression != ""


def _column(rule: Rule) -> list[str]:
    why = f"{rule.confidence}: {rule.reason}" + (f"; e.g. {', '.join(rule.samples)}" if rule.samples else "")
    if not _is_written(rule):
        return [f"  # {rule.column}: {_plain(why)}"]
    if rule.hash_of:
        value = f"{{hash_of: [{', '.join(map(_quoted, rule.hash_of))}]}}"
    elif rule.expression is not None:
        value = f"{{expression: {_quoted(rule.expression)}}}"
    elif rule.const is not None:
        value = f"{{const: {_quoted(rule.const)}}}"
    elif rule.unit:
        value = f"{{headers: [{_quoted(rule.header or '')}], unit: {_quoted(rule.unit)}}}"
    else:
        value = _quoted(rule.header or "")
    entry = f"  {rule.column}: {value}"
    if len(entry) < _COMMENT_AT:
        return [f"{entry:<{_COMMENT_AT}}# {_plain(why)}"]
    return [f"  # {_plain(why)}", entry]


def _values(proposal: Proposal, words: Vocabulary) -> list[str]:
    """What everyday words stand for, to be checked; other values as comments, for only the business knows them."""
    lines = ["values:   # what these words seem to mean; check them"] if proposal.values else []
    for column, meant in proposal.values.items():
        lines += [f"  {column}:", *(f"    {_quoted(value)}: {canonical}" for value, canonical in meant.items())]
        if column in proposal.unknown_values:
            lines += _unknown(proposal, words, column, "    # ")
    left = [column for column in proposal.unknown_values if column not in proposal.values]
    if left:
        lines.append("# Values that no map knows yet; take off the comment signs and say what they mean.")
        lines += [] if proposal.values else ["#values:"]
        for column in left:
            lines += [f"#  {column}:", *_unknown(proposal, words, column, "#    ")]
    return lines


def _unknown(proposal: Proposal, words: Vocabulary, column: str, indent: str) -> list[str]:
    canonical = sorted(set(words.values.get((proposal.feed.name, column), {}).values()))
    values = proposal.unknown_values[column]
    lines = [f"{indent}{_quoted(_plain(value))}: …" for value in values[:_VALUES_SHOWN]]
    if len(values) > _VALUES_SHOWN:
        lines.append(f"{indent}and {len(values) - _VALUES_SHOWN} more")
    return [f"{indent}canonical: {' | '.join(canonical)}", *lines] if canonical else lines


def _quoted(text: str) -> str:
    return json.dumps(text.strip(), ensure_ascii=False)


def _plain(text: str) -> str:
    return " ".join(text.split())
