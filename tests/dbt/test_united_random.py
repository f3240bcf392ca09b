"""Random calls, united by the models' SQL and by hand: the same figures for every contact and every agent."""

from __future__ import annotations

import csv
import os
import random

import pytest

from dial2deal import policy, warehouse
from dial2deal.transform import dbt
from tests.dbt import united_reference as reference

# A few thousand in the suite; D2D_RANDOM_CALLS asks for more.
CALLS = int(os.environ.get("D2D_RANDOM_CALLS", "3000"))
INTERVALS = [f"{kind}_{end}" for kind in reference.KINDS for end in ("from", "to")]
NUMBERS = ["hold", "is_callback", "is_answered", "starts", "ends", *INTERVALS]
CONTACT = (
    "presence",
    "ring",
    "queue",
    "wait",
    "menu",
    "hold",
    "first_talk",
    "last_talk",
    "owner",
    "rung",
    "transfers",
    "joins",
    "agents",
    "consult",
    "missed",
    "elsewhere",
    "gave_up",
)
AGENT = ("presence", "hold", "ring", "consult", "missed")


@pytest.fixture(scope="module")
def calls():
    rng = random.Random(20260301)
    return [reference.random_call(rng, number) for number in range(CALLS)]


@pytest.fixture(scope="module")
def united(new_company, calls):
    """A connection with the random legs and what the SQL makes of them."""
    company = new_company()
    with warehouse.session(company.settings) as con:
        policy.sync(con, company.policy)
    text = "with {{ contact_ctes('random_legs') }} "
    compiled = dbt.invoke(company.settings, ["compile", "--inline", text]).results[0].node.compiled_code
    rows = [_row(leg) for call in calls for leg in call]
    path = company.settings.home / "legs.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        # An empty text is a person without a name, as is none.
        writer.writerows(rows)
    types = ", ".join(f"'{name}': '{'bigint' if name in NUMBERS else 'varchar'}'" for name in rows[0])
    with warehouse.session(company.settings) as con:
        con.execute(
            f"create temp table random_legs as select * from read_csv('{path}', header=true, columns={{{types}}})"
        )
        for table in ("contacts", "agent_parts"):
            con.execute(f"create temp table {table}_found as {compiled} select * from {table}")
        yield con


def _row(leg: reference.Leg) -> dict:
    flat = {k: v for k, v in leg.items() if k not in reference.KINDS}
    for kind in reference.KINDS:
        flat[f"{kind}_from"], flat[f"{kind}_to"] = leg[kind] or (None, None)
    return flat


def test_every_contact_is_as_by_hand(united, calls):
    found = {
        (key, number): dict(zip(CONTACT, rest, strict=True))
        for key, number, *rest in united.execute(
            f"select call_key, contact_no, {', '.join(CONTACT)} from contacts_found"
        ).fetchall()
    }
    agents: dict = {}
    for key, number, agent, *rest in united.execute(
        f"select call_key, contact_no, agent_id, {', '.join(AGENT)} from agent_parts_found where presence > 0"
    ).fetchall():
        agents.setdefault((key, number), {})[agent] = dict(zip(AGENT, rest, strict=True))
    expected, expected_agents = {}, {}
    for call in calls:
        for number, legs in reference.contacts(call).items():
            if (measured := reference.measure(legs)) is not None:
                expected[call[0]["call_key"], number], who = measured
                expected_agents |= {(call[0]["call_key"], number): who} if who else {}
    assert len(found) == len(expected)
    assert [(key, found[key], value) for key, value in expected.items() if found[key] != value][:3] == []
    assert [(key, agents.get(key), who) for key, who in expected_agents.items() if agents.get(key) != who][:3] == []
    assert agents.keys() == expected_agents.keys()


@pytest.mark.parametrize(
    ("what", "offences"),
    [
        ("a contact twice", "select call_key, contact_no from contacts_found group by all having count(*) > 1"),
        (
            "an agent twice",
            "select call_key, contact_no, agent_id from agent_parts_found group by all having count(*) > 1",
        ),
        (
            "talk, waiting and menu longer than the call",
            """
        select 1 from contacts_found
        join (select call_key, max(ends) - min(starts) as total from random_legs group by 1) using (call_key)
        where presence + wait + menu > total""",
        ),
        (
            "more talk than its rows have",
            """
        select 1 from contacts_found
        join (select call_key, sum(greatest(talk_to - talk_from, 0)) as rows from random_legs
              where role not in ('copy', 'monitor', 'customer') group by 1) using (call_key)
        where presence > rows""",
        ),
        (
            "agents talk less than the contact, or one of them more",
            """
        select 1 from contacts_found c
        left join (select call_key, contact_no, sum(presence) as parts, max(presence) as one
                   from agent_parts_found group by all) using (call_key, contact_no)
        where c.presence > coalesce(parts, 0) or one > c.presence""",
        ),
        ("more hold than talk", "select 1 from contacts_found where hold > presence or hold < 0"),
        (
            "two owners",
            "select 1 from agent_parts_found where is_owner group by call_key, contact_no having count(*) > 1",
        ),
        (
            "an owner without a row",
            """
        select 1 from contacts_found c
        where coalesce(owner, rung) is not null and not exists (
            select 1 from agent_parts_found a
            where a.call_key = c.call_key and a.contact_no = c.contact_no and a.is_owner
                and a.agent_id = coalesce(c.owner, c.rung))""",
        ),
    ],
)
def test_what_must_hold_of_every_call(united, what, offences):
    assert united.execute(offences).fetchall() == [], what


def test_the_tempting_sum_of_rows_is_far_off(united):
    """The random calls would contradict a definition that adds rows up."""
    (rows,) = united.execute(
        "select sum(greatest(talk_to - talk_from, 0)) from random_legs "
        "where role in ('pair', 'agent', 'whole', 'inside')"
    ).fetchone()
    (union,) = united.execute("select sum(presence) from contacts_found").fetchone()
    assert rows > 1.3 * union
