"""Legs united by hand: elementary segments between all clocks, each judged by the definitions. Quadratic and plain.

A leg is a dict: call_key, leg_id, role, agent_id, hold, is_callback, is_answered, starts, ends and the intervals
talk, ring, queue and menu as (from, to) in seconds, or None.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

Leg = dict[str, Any]
ROLES = ("pair", "agent", "customer", "whole", "inside", "queue", "ivr", "voicemail", "copy", "monitor", "other")
PERSONS = ("pair", "agent", "customer", "whole", "inside")
KINDS = ("talk", "ring", "queue", "menu")
HANDOVER, TOGETHER = 2, 1


def random_call(rng: random.Random, number: int) -> list[Leg]:
    """One call of up to eight legs: any roles, equal times, missing and backward intervals, callbacks."""
    legs = []
    roles = rng.choice(
        [ROLES, ROLES, ("pair", "pair", "queue"), ("agent", "customer"), ("whole", "pair", "agent"), ("pair",)]
    )
    callbacks = rng.random() < 0.1
    for place in range(rng.choice([1, 1, 1, 2, 2, 3, 4, 6, 8])):
        role = rng.choice(roles)
        starts = rng.randrange(1000, 1060, rng.choice([1, 5, 10]))
        answered = starts + rng.randrange(0, 25)
        ended = answered + rng.randrange(0, 60)
        is_answered = int(role in PERSONS and rng.random() < 0.7)
        leg = {
            "call_key": f"c{number}",
            "leg_id": str(place),
            "role": role,
            "starts": starts,
            "ends": ended,
            "agent_id": rng.choice(["a", "b", "c", "", None]) if role not in ("queue", "ivr") else None,
            "hold": rng.choice([0, 0, 0, 3, 7, 40]),
            "is_answered": is_answered,
            "is_callback": int(callbacks and rng.random() < 0.4),
            "talk": (answered, ended) if is_answered and rng.random() < 0.95 else None,
            "ring": (starts, answered if is_answered else ended) if rng.random() < 0.7 else None,
            "queue": (starts, answered) if role == "queue" or rng.random() < 0.1 else None,
            "menu": (starts, min(starts + rng.randrange(12), ended)) if role == "ivr" or rng.random() < 0.1 else None,
        }
        if rng.random() < 0.03:
            kind = rng.choice(KINDS)
            leg[kind] = leg[kind] and (leg[kind][1], leg[kind][0])
        legs.append(leg)
    return legs


def contacts(legs: list[Leg]) -> dict[int, list[Leg]]:
    """A callback and all that starts after it are a contact of their own."""
    number, split = 0, {}
    for leg in sorted(legs, key=lambda x: (x["starts"], -x["is_callback"], x["leg_id"])):
        number += leg["is_callback"]
        split.setdefault(number, []).append(leg)
    return split


def measure(legs: list[Leg]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]] | None:
    """Figures of one contact and of each of its agents ('' has no name); None when nobody but recorders was there."""
    legs = [{**leg, "agent_id": leg["agent_id"] or ""} for leg in legs if leg["role"] not in ("copy", "monitor")]
    if not legs:
        return None
    roles = {leg["role"] for leg in legs}
    outside = bool(roles & {"pair", "agent", "customer", "whole"})
    line = [s for leg in legs if leg["role"] in ("customer", "whole") and (s := _span(leg, "talk"))]
    has_line = bool(roles & {"customer", "whole"})
    parts = []
    for leg in legs:
        span, role = _span(leg, "talk"), leg["role"]
        alone = {
            "pair": True,
            "agent": not has_line,
            "inside": not outside,
            "whole": not roles & {"pair", "agent"},
        }.get(role, False)
        for s in [span] if span and alone else []:
            parts.append((leg["agent_id"], *s, leg["hold"]))
        for c in line if span and role == "agent" else []:
            if min(c[1], span[1]) > max(c[0], span[0]):
                parts.append((leg["agent_id"], max(c[0], span[0]), min(c[1], span[1]), leg["hold"]))
    rung = [(leg, s) for leg in legs if (s := _span(leg, "ring")) and (leg["role"] != "inside" or not outside)]
    customers = [x for x in rung if x[0]["role"] == "customer"]
    rings = [s for _, s in (customers or rung)]
    queue, menu = ([s for leg in legs if (s := _span(leg, kind))] for kind in ("queue", "menu"))
    inside = [(leg["agent_id"], s) for leg in legs if leg["role"] == "inside" and outside and (s := _span(leg, "talk"))]

    clocks = sorted(
        {t for p in parts for t in p[1:3]}
        | {t for s in rings + queue + menu for t in s}
        | {t for _, s in inside + [(0, s) for _, s in rung] for t in s}
    )
    figures = dict.fromkeys(("presence", "ring", "queue", "wait", "menu"), 0)
    talk_of, consult_of, ring_of = {}, {}, {}
    first = last = None
    for a, b in itertools.pairwise(clocks):
        here = {p[0] for p in parts if p[1] <= a and b <= p[2]}
        ringing, queueing, in_menu = (_covered(a, b, spans) for spans in (rings, queue, menu))
        if here:
            figures["presence"] += b - a
            first, last = a if first is None else first, b
        else:
            figures["ring"] += (b - a) * ringing
            figures["queue"] += (b - a) * queueing
            figures["wait"] += (b - a) * (ringing or queueing)
            figures["menu"] += (b - a) * (in_menu and not ringing and not queueing)
        for seconds, who in (
            (talk_of, here),
            (consult_of, {x for x, s in inside if _covered(a, b, [s])}),
            (
                ring_of,
                {
                    x["agent_id"]
                    for x, s in rung
                    if _covered(a, b, [s]) and x["role"] in ("pair", "agent", "whole", "inside") and x["agent_id"]
                },
            ),
        ):
            for agent in who:
                seconds[agent] = seconds.get(agent, 0) + b - a

    stretches = _stretches(parts)
    hold_of = {x: min(sum(s[2] for s in mine), talk_of[x]) for x, mine in stretches.items()}
    transfers, joins = _changes(stretches)
    offers = _offers(legs)
    owner = max((x for x in talk_of if x), key=lambda x: (max(s[0] for s in stretches[x]), x), default=None)
    alone = None if talk_of else _alone_at_the_end(legs)
    contact = figures | {
        "hold": min(sum(hold_of.values()), figures["presence"]),
        "first_talk": first,
        "last_talk": last,
        "owner": owner,
        "rung": alone,
        "transfers": transfers,
        "joins": joins,
        "agents": len(talk_of),
        "consult": sum(consult_of.values()),
        **{kind: sum(n for (_, k), n in offers.items() if k == kind) for kind in ("missed", "elsewhere", "gave_up")},
    }
    agents = {
        x: {
            "presence": talk_of.get(x, 0),
            "hold": hold_of.get(x, 0),
            "ring": ring_of.get(x, 0),
            "consult": consult_of.get(x, 0),
            "missed": offers.get((x, "missed"), 0),
        }
        for x in talk_of
    }
    return contact, agents


def _span(leg: Leg, kind: str) -> tuple[int, int] | None:
    return leg[kind] if leg[kind] and leg[kind][1] > leg[kind][0] else None


def _covered(a: int, b: int, spans: list[tuple[int, int]]) -> bool:
    return any(s[0] <= a and b <= s[1] for s in spans)


def _stretches(parts: list[tuple]) -> dict[str, list[list[int]]]:
    """Agent → [begin, end, hold]; rows that overlap are one, rows that only touch are two."""
    found: dict[str, list[list[int]]] = {}
    for agent, s, e, hold in sorted(parts):
        mine = found.setdefault(agent, [])
        if mine and s < mine[-1][1]:
            mine[-1] = [mine[-1][0], max(mine[-1][1], e), max(mine[-1][2], hold)]
        else:
            mine.append([s, e, hold])
    return found


def _changes(stretches: dict[str, list[list[int]]]) -> tuple[int, int]:
    order = sorted((s, e, agent) for agent, mine in stretches.items() for s, e, _ in mine)
    transfers = joins = 0
    for i in range(1, len(order)):
        if order[i][2] != order[i - 1][2]:
            late = order[i][0] >= max(e for _, e, _ in order[:i]) - HANDOVER
            transfers, joins = transfers + late, joins + (not late)
    return transfers, joins


def _offers(legs: list[Leg]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    end = max(leg["ends"] for leg in legs)
    phones = [leg for leg in legs if leg["role"] in ("pair", "agent")]
    for leg in phones:
        if leg["is_answered"] or not leg["agent_id"]:
            continue
        taken = any(o["talk"] and leg["starts"] < o["talk"][0] <= leg["ends"] + HANDOVER for o in phones)
        kind = "elsewhere" if taken else "gave_up" if leg["ends"] >= end - TOGETHER else "missed"
        found[leg["agent_id"], kind] = found.get((leg["agent_id"], kind), 0) + 1
    return found


def _alone_at_the_end(legs: list[Leg]) -> str | None:
    named = [leg for leg in legs if leg["agent_id"]]
    known = [leg for leg in named if leg["role"] in PERSONS and leg["role"] != "customer"] or named
    if not known:
        return None
    end = max(leg["ends"] for leg in known)
    last = {leg["agent_id"] for leg in known if leg["ends"] >= end - TOGETHER}
    return last.pop() if len(last) == 1 else None
