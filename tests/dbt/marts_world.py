"""A small invented company for the marts: facts planted as Python rows, so that oracles need no SQL."""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import hashlib
import os
import random
import shutil
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from dial2deal import policy, transform, warehouse
from dial2deal.settings import Settings
from dial2deal.transform import parsed
from tests.dbt import marts_statistics

AS_OF = dt.date(2026, 5, 20)
FIRST_DAY = dt.date(2026, 1, 5)
CHANNELS = ("百度搜索", "转介绍", "名单采购", "unattributed")
LINES = ("企业服务", "课程培训")
TEAMS = {"A1": "一组", "A2": "一组", "A3": "二组", "A4": "二组"}

# Columns of the facts that the marts and the metrics read, with the types of the facts' contracts.
SCHEMA = {
    "fct_calls": dict(
        call_key="varchar", source_system="varchar", direction="varchar", is_customer_call="boolean",
        started_at="timestamp", call_date="date", call_hour="integer", weekday="integer", is_workday="boolean",
        queue_seconds="integer", ring_seconds="integer", hold_seconds="integer", talk_seconds="integer",
        acw_seconds="integer", tech_result="varchar", is_end_known="boolean",
        business_result="varchar", is_connected="boolean", is_dial="boolean", is_abandoned="boolean",
        duration_tier="varchar", tier_profile="varchar", tier_family="varchar", intent_level="varchar",
        is_high_intent="boolean", duration_band="varchar", agent_id="varchar", agent_name="varchar", team="varchar",
        skill_group="varchar", queue="varchar", business_line="varchar", own_number="varchar", customer_key="varchar",
        customer_no="bigint", customer_phone_masked="varchar", is_existing_customer="boolean", attempt_number="integer",
        region_province="varchar", region_city="varchar", channel="varchar", lead_key="varchar"),
    "fct_call_agents": dict(
        call_key="varchar", call_date="date", agent_id="varchar", agent_name="varchar", team="varchar",
        is_owner="boolean", is_customer_call="boolean", has_talked="boolean",
        talk_seconds="integer", hold_seconds="integer", acw_seconds="integer"),
    "fct_leads": dict(
        lead_key="varchar", source_customer_id="varchar", customer_key="varchar", created_at="timestamp",
        created_date="date", cohort_week="date",
        channel="varchar", campaign_id="varchar", business_line="varchar", status="varchar", owner_agent_id="varchar",
        team="varchar", region_province="varchar", region_city="varchar", interested_product="varchar",
        is_valid="boolean", first_dial_at="timestamp", first_connect_at="timestamp", first_high_intent_at="timestamp",
        intent_at="timestamp", second_connect_at="timestamp", first_order_at="timestamp", deal_at="timestamp",
        is_plausible="boolean", is_first_contact_deal="boolean", repurchase_at="timestamp", referral_at="timestamp",
        lost_at="timestamp", last_followed_up_at="timestamp", connect_count="integer",
        days_from_lead_to_deal="double", days_from_first_call_to_deal="double", furthest_stage="varchar"),
    "fct_lead_events": dict(
        lead_event_key="varchar", lead_key="varchar", stage="varchar", occurred_at="timestamp", event_date="date"),
    "fct_orders": dict(
        order_key="varchar", customer_key="varchar", lead_key="varchar", ordered_at="timestamp", order_date="date",
        amount_cny="decimal(18,2)", status="varchar", is_won="boolean", product="varchar", business_line="varchar",
        channel="varchar", attribution="varchar", agent_id="varchar", team="varchar", order_number="integer",
        is_repeat="boolean", is_unpriced="boolean", refund_date="date", refund_cny="decimal(18,2)"),
    "fct_revenue": dict(
        order_key="varchar", movement="varchar", revenue_date="date", amount_cny="decimal(18,2)",
        customer_key="varchar", lead_key="varchar", product="varchar", business_line="varchar", channel="varchar",
        attribution="varchar",
        agent_id="varchar", team="varchar"),
    "fct_costs": dict(
        cost_key="varchar", cost_date="date", cost_month="date", channel="varchar", cost_kind="varchar",
        is_operational="boolean", amount_cny="decimal(18,2)", business_line="varchar"),
    "dim_channels": dict(channel="varchar", channel_group="varchar", is_paid="boolean"),
    "dim_business_lines": dict(business_line="varchar", label_zh="varchar", sector="varchar"),
    "dim_agents": dict(agent_id="varchar", agent_name="varchar"),
    "dim_dates": dict(date_day="date"),
}

Row = dict[str, object]


def tier_of(line: str, talk: int) -> tuple[str, str, str, str]:
    """(profile, tier, family, intent level) as the documents state it, not as the policy table does."""
    profile, limits = ("b2b", (1200, 840, 600)) if line == "企业服务" else ("default", (600, 420, 300))
    for tier, limit in zip(("A+", "A", "A-"), limits, strict=True):
        if talk > limit:
            return profile, tier, "A", "high"
    tier, level = ("B", "medium") if talk >= 60 else ("C", "low") if talk >= 30 else ("D", "invalid")
    return profile, tier, tier, level


def band_of(talk: int) -> str:
    return ("under_30s" if talk < 30 else "30s_to_1min" if talk < 60 else "1_to_5min" if talk <= 300
            else "5_to_10min" if talk <= 600 else "over_10min")


def customer_no(customer: str | None) -> int | None:
    return None if customer is None else int(hashlib.md5(customer.encode()).hexdigest()[:15], 16)


def monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


class World:
    """Rows of every fact, by table."""

    def __init__(self, seed: int = 7, leads: int = 800) -> None:
        self.random, self.odd = random.Random(seed), random.Random(seed + 1)
        self.rows: dict[str, list[Row]] = {table: [] for table in SCHEMA}
        for index in range(leads):
            self._lead(index)
        for index in range(300):
            self._call(f"W{index}", self._moment(FIRST_DAY, AS_OF), None, f"walk-in {index % 90}", "unattributed")
        for index in range(120):
            self._call(f"I{index}", self._moment(FIRST_DAY, AS_OF), None, f"walk-in {index % 90}", "转介绍",
                       talk=700, internal=True)
        self._call("last", dt.datetime.combine(AS_OF, dt.time(18)), None, "walk-in 0", "unattributed", talk=700)
        self._anonymous_orders()
        self._costs()
        self._dimensions()

    def _moment(self, first: dt.date, last: dt.date) -> dt.datetime:
        day = first + dt.timedelta(days=self.random.randrange((last - first).days + 1))
        return dt.datetime.combine(day, dt.time(9)) + dt.timedelta(minutes=self.random.randrange(540))

    def _later(self, moment: dt.datetime, days: float) -> dt.datetime:
        return moment + dt.timedelta(minutes=round(self.random.random() * days * 1440))

    def _lead(self, index: int) -> None:
        rnd, key, customer = self.random, f"L{index:04d}", f"C{index % 700:04d}"
        created = self._moment(FIRST_DAY, AS_OF)
        line, channel, agent = rnd.choice(LINES), rnd.choice(CHANNELS[:3]), rnd.choice(list(TEAMS))
        lead: Row = dict(
            lead_key=key, source_customer_id=f"crm {customer}", customer_key=customer,
            created_at=created, created_date=created.date(),
            cohort_week=monday(created.date()), channel=channel, business_line=line, owner_agent_id=agent,
            team=TEAMS[agent], is_valid=rnd.random() < 0.7, connect_count=0, interested_product="年费套餐",
            is_plausible=True, is_first_contact_deal=False, status="open")
        first: dict[str, list[dt.datetime]] = {"dial": [], "connect": [], "high": []}
        for number in range(rnd.randrange(4)):
            at = self._later(created - dt.timedelta(hours=2 if rnd.random() < 0.1 else 0), 12)
            if at.date() > AS_OF:
                continue
            call = self._call(f"{key}-{number}", at, key, customer, channel, line=line, agent=agent)
            first["dial"].append(at)
            if call["is_connected"]:
                first["connect"].append(at)
                lead["connect_count"] += 1
            if call["is_high_intent"]:
                first["high"].append(at)
        for column, kind in (("first_dial_at", "dial"), ("first_connect_at", "connect"),
                             ("first_high_intent_at", "high")):
            lead[column] = min(first[kind], default=None)
        at = created
        marks = []
        for stage, chance in (("intent", 0.5), ("need_discovery", 0.4), ("need_confirmed", 0.5), ("proposal", 0.3)):
            at = self._later(at, 10)
            if rnd.random() < chance and at.date() <= AS_OF:
                marks.append((stage, at))
                self.rows["fct_lead_events"].append(dict(
                    lead_event_key=f"{key}-{stage}", lead_key=key, stage=stage, occurred_at=at, event_date=at.date()))
        lead["intent_at"] = min([t for s, t in marks if s == "intent"] + first["high"], default=None)
        if rnd.random() < (0.35 if channel == "转介绍" else 0.15):
            self._orders_of(lead, at)
        elif rnd.random() < 0.2:
            lead["lost_at"], lead["status"] = self._later(at, 5), "lost"
        self.rows["fct_leads"].append(lead)

    def _orders_of(self, lead: Row, after: dt.datetime) -> None:
        at = self._later(after, 110)
        number = 0
        while at.date() <= AS_OF and number < 3:
            self._order(f"O-{lead['lead_key']}-{number}", at, lead["customer_key"], lead["channel"], lead)
            if number == 0:
                lead["first_order_at"] = lead["deal_at"] = at
                lead["days_from_lead_to_deal"] = (at - lead["created_at"]).total_seconds() / 86400
                lead["status"] = "won"
            elif number == 1:
                lead["repurchase_at"] = at
            number += 1
            at = self._later(at + dt.timedelta(days=1), 60)
            if self.random.random() < 0.5:
                break

    def _order(self, key: str, at: dt.datetime, customer: str | None, channel: str, lead: Row | None) -> None:
        self.rows["fct_orders"].append(dict(
            order_key=key, customer_key=customer, lead_key=lead and lead["lead_key"], ordered_at=at,
            order_date=at.date(), amount_cny=Decimal(self.random.randrange(10_000, 900_000)) / 100,
            status="paid", is_won=True, is_unpriced=False, product="年费套餐",
            business_line=lead and lead["business_line"],
            channel=channel, attribution="lead_id" if lead else "unattributed",
            agent_id=lead and lead["owner_agent_id"], team=lead and lead["team"], is_repeat=False))

    def _anonymous_orders(self) -> None:
        for index in range(7):
            self._order(f"X{index}", self._moment(FIRST_DAY, AS_OF), None, "unattributed", None)
        self.rows["fct_orders"][-1].update(is_won=False, status="refunded")
        for order in self.rows["fct_orders"]:
            self._revenue(order)
        orders: dict[object, int] = {}
        for order in sorted(self.rows["fct_orders"], key=lambda o: (o["ordered_at"], o["order_key"])):
            if order["is_won"]:
                customer = order["customer_key"] or order["order_key"]
                orders[customer] = order["order_number"] = orders.get(customer, 0) + 1
                order["is_repeat"] = order["order_number"] > 1

    def _revenue(self, order: Row) -> None:
        """What a sale brings on its day; one in nine is partly given back three weeks later."""
        shared = {name: order[name] for name in SCHEMA["fct_revenue"] if name in order and name != "amount_cny"}
        if order["is_won"]:
            self.rows["fct_revenue"].append(dict(
                shared, movement="sale", revenue_date=order["order_date"], amount_cny=order["amount_cny"]))
        if order["is_won"] and self.random.random() < 0.11:
            given = (order["amount_cny"] / 2).quantize(Decimal("0.01"))
            order.update(refund_date=order["order_date"] + dt.timedelta(days=21), refund_cny=given)
            self.rows["fct_revenue"].append(dict(
                shared, movement="refund", revenue_date=order["refund_date"], amount_cny=-given))

    def _call(self, key: str, at: dt.datetime, lead: str | None, customer: str, channel: str, *,
              line: str | None = None, agent: str | None = None, talk: int | None = None,
              internal: bool = False) -> Row:
        rnd = self.random
        line, agent = line or rnd.choice(LINES), agent or rnd.choice(list(TEAMS))
        direction = "internal" if internal else "outbound" if lead and rnd.random() < 0.7 else "inbound"
        connected = talk is not None or rnd.random() < 0.6
        if talk is None:
            talk = rnd.choice((8, 30, 45, 60, 200, 300, 301, 500, 700, 1300)) if connected else 0
        is_plain = key.startswith(("L", "W"))
        if is_plain and connected and self.odd.random() < 0.06:
            talk = None  # answered, and nobody knows for how long
        has_tier = connected and talk is not None and not internal
        profile, tier, family, level = tier_of(line, talk) if has_tier else (tier_of(line, 0)[0], None, None, None)
        blocked = direction == "outbound" and not connected and rnd.random() < 0.1
        result = "connected" if connected else "platform_blocked" if blocked else (
            "no_answer" if direction == "outbound" else "unknown" if at.day == 7 else "abandoned_queue")
        city = rnd.choice((("天津", "天津"), ("河北", "石家庄"), (None, None)))
        call: Row = dict(
            call_key=key, source_system="generic_400", direction=direction, is_customer_call=not internal,
            started_at=at, call_date=at.date(),
            call_hour=at.hour, weekday=at.isoweekday(), is_workday=at.isoweekday() < 6,
            queue_seconds=rnd.randrange(40) if direction == "inbound" else None, ring_seconds=rnd.randrange(3, 30),
            hold_seconds=rnd.randrange(10) if connected else self.odd.randrange(90), talk_seconds=talk,
            acw_seconds=rnd.randrange(30) if connected else self.odd.randrange(20), tech_result=result,
            is_connected=connected,
            is_dial=direction == "outbound" and not blocked,
            is_abandoned=result == "abandoned_queue" if result != "unknown" else None,
            is_end_known=direction == "inbound" and at.day != 7,
            duration_tier=tier, tier_profile=profile, tier_family=family, intent_level=level,
            is_high_intent=level == "high", duration_band=band_of(talk) if has_tier else None, agent_id=agent,
            agent_name=f"坐席{agent}", team=TEAMS[agent], business_line=line, own_number="4000000001",
            customer_key=customer, customer_no=customer_no(customer),
            customer_phone_masked="138****0000", is_existing_customer=False, attempt_number=1,
            region_province=city[0], region_city=city[1], channel=channel, lead_key=lead)
        self.rows["fct_calls"].append(call)
        return call

    def _costs(self) -> None:
        operational = {"labour", "telephony", "system"}
        number = 0
        for month in range(1, 6):
            day = dt.date(2026, month, 1)
            wanted = [("media", "百度搜索", None), ("lead_purchase", "名单采购", None),
                      ("labour", "unattributed", None),
                      ("telephony", "unattributed", "企业服务"), ("system", "unattributed", None),
                      ("media", "unattributed", "课程培训")]
            for kind, channel, line in wanted:
                number += 1
                self.rows["fct_costs"].append(dict(
                    cost_key=f"K{number}", cost_date=day, cost_month=day, channel=channel, cost_kind=kind,
                    is_operational=kind in operational, business_line=line,
                    amount_cny=Decimal(self.random.randrange(100_001, 5_000_001)) / 100))

    def _dimensions(self) -> None:
        self.rows["dim_channels"] = [dict(channel=c, channel_group=f"group {c}", is_paid=c == "百度搜索")
                                     for c in CHANNELS]
        self.rows["dim_business_lines"] = [dict(business_line=line, label_zh=line, sector="general") for line in LINES]
        self.rows["dim_dates"] = [dict(date_day=dt.date(2025, 12, 1) + dt.timedelta(days=n)) for n in range(220)]
        self.rows["dim_agents"] = [dict(agent_id=agent, agent_name=f"坐席{agent}") for agent in TEAMS]

    @property
    def calls(self) -> list[Row]:
        """Calls with customers: all that metrics, tiers and lists speak of."""
        return [call for call in self.rows["fct_calls"] if call["is_customer_call"]]

    def plant(self, settings: Settings) -> None:
        """Write policy and facts into the warehouse of ``settings``."""
        self.rows["fct_call_agents"] = [part_of(call) for call in self.rows["fct_calls"]]
        with warehouse.session(settings) as con:
            policy.sync(con, policy.load(settings))
            con.execute("create schema if not exists marts")
            for table, columns in SCHEMA.items():
                spec = ", ".join(f"{name} {kind}" for name, kind in columns.items())
                con.execute(f"create or replace table marts.{table} ({spec})")
                insert(con, table, self.rows[table])
            marts_statistics.plant(con, settings)
            for table, column in (("fct_calls", "call_date"), ("fct_orders", "order_date")):
                con.execute(f"insert into ops.build_dates select distinct '{table}', {column} from marts.{table}")
            con.execute("insert into ops.build_dates select distinct 'fct_orders', revenue_date from marts.fct_revenue "
                        "except select feed, event_date from ops.build_dates")


def part_of(call: Row) -> Row:
    """The part of a call's one agent: all of it."""
    shared = {name: call[name] for name in SCHEMA["fct_call_agents"] if name in call}
    return {**shared, "is_owner": True, "has_talked": call["is_connected"]}


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[Row]) -> None:
    """Insert rows by name; missing columns are NULL."""
    columns = SCHEMA[table]
    unknown = {name for row in rows for name in row} - set(columns)
    assert not unknown, unknown
    lists = ", ".join(f"unnest(?::{kind}[])" for kind in columns.values())
    if rows:
        con.execute(f"insert into marts.{table} select {lists}", [[row.get(name) for row in rows] for name in columns])


def dbt(settings: Settings, *args: str):
    """Run dbt in process on the planted warehouse; fails the test with dbt's messages."""
    from dbt.adapters.factory import reset_adapters
    from dbt.cli.main import dbtRunner

    os.environ["DIAL2DEAL_WAREHOUSE"] = str(settings.warehouse)
    if args[0] != "parse":
        transform.manifest(settings)
    result = dbtRunner(manifest=None if args[0] == "parse" else parsed.loaded(settings)).invoke([
        *args, "--project-dir", str(settings.dbt_project), "--profiles-dir", str(settings.dbt_project),
        "--target-path", str(settings.dbt_target), "--log-path", str(settings.home / "logs"), "--quiet"])
    reset_adapters()
    if not result.success:
        messages = [f"{r.node.name}: {r.status} {r.message}" for r in getattr(result.result, "results", None) or []
                    if str(r.status) not in ("success", "pass")]
        raise AssertionError("\n".join(messages) or str(result.exception))
    assert args[0] == "parse" or result.result.results, "dbt selected nothing"
    return result.result


def publish(settings: Settings) -> None:
    """Copy the warehouse to where readers look, with the semantic manifest beside it."""
    settings.published.mkdir(parents=True, exist_ok=True)
    with warehouse.session(settings) as con:
        con.execute("checkpoint")
    shutil.copyfile(settings.warehouse, settings.snapshot)
    shutil.copyfile(settings.dbt_target / "semantic_manifest.json", settings.published / "semantic_manifest.json")


def write_policy(home: Path) -> None:
    """企业服务 is judged by the B2B limits, everything else by the default ones; Tianjin comes first."""
    folder = home / "policy"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.yml").write_text("settings:\n  - {key: region.focus, value: 天津}\n", encoding="utf-8")
    (folder / "business_lines.csv").write_text(
        "business_line,tier_profile,sector,label_zh,label_en,valid_from,valid_to\n"
        "企业服务,b2b,general,企业服务,Enterprise,,\n课程培训,default,general,课程培训,Courses,,\n", encoding="utf-8")


@dataclass(frozen=True)
class Built:
    """A planted world after `dbt build`, published."""

    world: World
    settings: Settings

    def rows(self, sql: str) -> list[Row]:
        """Rows of a query on the published copy."""
        con = duckdb.connect()
        try:
            con.execute(f"attach '{self.settings.snapshot}' as warehouse (read_only)")
            con.execute("use warehouse.marts")
            cursor = con.execute(sql)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        finally:
            con.close()


def build(home: Path) -> Built:
    """Plant the world below ``home``, build the marts and publish."""
    write_policy(home)
    settings = Settings(home=home).ensure()
    world = World()
    world.plant(settings)
    dbt(settings, "build", "--select", "tag:marts")
    publish(settings)
    return Built(world, settings)


@functools.cache
def shared() -> Built:
    """One built world per process, for tests that only read."""
    home = Path(tempfile.mkdtemp(prefix="dial2deal-marts-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return build(home)
