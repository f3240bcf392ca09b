"""pandas; outputs as Parquet. ``python -m benchmarks.peers.pandas_script LANDING FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.peers.files import ALIASES, COLUMNS, delivered, say


def read(landing: str, feed: str) -> pd.DataFrame:
    """A feed's files as text under the short names."""
    files = [pd.read_csv(path, dtype=str, encoding="utf-8-sig") for path in delivered(landing, feed)]
    return pd.concat(files, ignore_index=True).set_axis(COLUMNS[feed].split(), axis=1)


def moment(texts: pd.Series) -> pd.Series:
    return pd.to_datetime(texts, format="%Y-%m-%d %H:%M:%S")


def fct_calls(raw: pd.DataFrame, leads: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """One row per call."""
    talk = raw["talk"].str.split(":", expand=True).astype("int32")
    number = raw["number"].fillna("")
    calls = (
        raw[["call_id", "agent_id", "agent_name", "skill_group", "province", "city", "own_number"]]
        .assign(
            direction=np.where(raw["direction"] == "呼入", "inbound", "outbound"),
            customer=("+86" + number).where(number.str.match(r"^1[3-9][0-9]{9}$")),
            started_at=moment(raw["started"]),
            answered_at=moment(raw["answered"]),
            ended_at=moment(raw["ended"]),
            talk_seconds=talk[0] * 3600 + talk[1] * 60 + talk[2],
            ring_seconds=pd.to_numeric(raw["ring"]),
            queue_seconds=pd.to_numeric(raw["queue"]),
            is_connected=raw["status"] == "已接通",
        )
        .sort_values(["started_at", "call_id"])
    )
    tier = pd.cut(calls.talk_seconds, [-1, 29, 59, 300, 420, 600, np.inf], labels=["D", "C", "B", "A-", "A", "A+"])
    calls = calls.assign(
        call_date=calls.started_at.dt.normalize(),
        call_hour=calls.started_at.dt.hour,
        is_dial=calls.direction == "outbound",
        tier=tier.astype(str).where(calls.is_connected),
        is_high_intent=calls.is_connected & (calls.talk_seconds > 300),
    )
    calls = pd.merge_asof(
        calls,
        leads[["customer", "created_at", "lead_id", "channel"]],
        left_on="started_at",
        right_on="created_at",
        by="customer",
        tolerance=pd.Timedelta(days=90) - pd.Timedelta("1us"),
    )
    first = orders.drop_duplicates("customer").set_index("customer").ordered_at
    attempt = calls.groupby(["customer", "call_date", "is_dial"]).cumcount() + 1
    return calls.assign(
        channel=calls.channel.fillna("unattributed"),
        attempt_number=attempt.where(calls.is_dial),
        is_existing_customer=calls.customer.map(first) < calls.started_at,
    )


def agent_days(calls: pd.DataFrame) -> pd.DataFrame:
    """One row per agent and day, connect rate with Wilson interval."""
    marked = calls.assign(k=calls.is_dial & calls.is_connected, talk=calls.talk_seconds.where(calls.is_connected))
    a = (
        marked.groupby(["call_date", "agent_id"])
        .agg(
            calls=("call_id", "size"),
            n=("is_dial", "sum"),
            k=("k", "sum"),
            high_intent=("is_high_intent", "sum"),
            talk_seconds=("talk", "sum"),
        )
        .reset_index()
    )
    root = 1.96 * np.sqrt(a.k * (a.n - a.k) / a.n.replace(0, np.nan) + 0.9604)
    return a.assign(
        connect_rate=a.k / a.n, low=(a.k + 1.9207 - root) / (a.n + 3.8415), high=(a.k + 1.9207 + root) / (a.n + 3.8415)
    )


def funnel(events: pd.DataFrame, calls: pd.DataFrame, leads: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """One row per channel and week of creation."""
    own = calls[calls.lead_id.notna()]
    happened = events.assign(at=moment(events.happened))

    def first(rows: pd.DataFrame) -> pd.Series:
        return rows.groupby("lead_id").started_at.min()

    def stage(name: str) -> pd.Series:
        return happened[happened.stage == name].groupby("lead_id")["at"].min()

    f = leads.set_index("lead_id")
    f = f.assign(
        dial=first(own),
        connect=first(own[own.is_connected]),
        intent=first(own[own.is_high_intent]).reindex(f.index).fillna(stage("意向确认").reindex(f.index)),
        need=stage("需求确认"),
        deal=orders.groupby("lead_id").ordered_at.min(),
    )
    f["deal"] = f.deal.where(f.deal < f.created_at + pd.Timedelta(days=90))
    f["cohort_week"] = f.created_at.dt.normalize() - pd.to_timedelta(f.created_at.dt.day_of_week, unit="D")
    return f.groupby(["channel", "cohort_week"])[["dial", "connect", "intent", "need", "deal"]].count().reset_index()


def channel_months(costs: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """One row per channel and month."""
    earned = (
        orders.assign(month=orders.ordered_at.dt.strftime("%Y-%m"))
        .groupby(["channel", "month"])
        .agg(orders=("order_id", "size"), revenue=("amount", "sum"))
        .reset_index()
    )
    spent = (
        pd.DataFrame(
            {"channel": costs.channel.replace(ALIASES), "month": costs.cost_month, "cost": pd.to_numeric(costs.amount)}
        )
        .groupby(["channel", "month"])
        .cost.sum()
        .reset_index()
    )
    m = earned.merge(spent, on=["channel", "month"], how="outer")
    return m.assign(roi=(m.revenue - m.cost) / m.cost)


def high_intent(calls: pd.DataFrame) -> pd.DataFrame:
    """One row per customer with a long call in the last 30 days."""
    day = calls.call_date.max()
    recent = calls[(calls.call_date > day - pd.Timedelta(days=60)) & calls.customer.notna()]
    last = recent[recent.is_high_intent & (recent.call_date > day - pd.Timedelta(days=30))].drop_duplicates(
        "customer", keep="last"
    )
    near = recent.merge(last[["customer", "call_date"]], on="customer", suffixes=("", "_last"))
    near = near[near.call_date > near.call_date_last - pd.Timedelta(days=30)]
    counted = near.groupby("customer").agg(
        calls=("call_id", "size"), long_calls=("is_high_intent", "sum"), longest=("talk_seconds", "max")
    )
    return last.merge(counted, left_on="customer", right_index=True).sort_values(
        ["tier", "long_calls", "talk_seconds", "started_at", "customer"], ascending=[True, False, False, False, True]
    )


def main(landing: str, folder: str) -> None:
    raw, leads, events, orders, costs = (read(landing, feed) for feed in COLUMNS)
    leads = pd.DataFrame(
        {
            "lead_id": leads.lead_id,
            "customer": "+86" + leads.phone,
            "created_at": moment(leads.created),
            "channel": leads.source.replace(ALIASES),
        }
    ).sort_values(["created_at", "lead_id"])
    orders = pd.DataFrame(
        {
            "order_id": orders.order_id,
            "lead_id": orders.lead_id,
            "customer": "+86" + orders.phone,
            "ordered_at": moment(orders.ordered),
            "amount": pd.to_numeric(orders.amount),
        }
    )
    orders = orders.merge(leads[["lead_id", "channel"]], on="lead_id", how="left").sort_values(
        ["ordered_at", "order_id"]
    )
    calls = fct_calls(raw, leads, orders)
    a, f, m, h = (
        agent_days(calls),
        funnel(events, calls, leads, orders),
        channel_months(costs, orders),
        high_intent(calls),
    )
    frames = {"fct_calls": calls, "agent_days": a, "funnel": f, "channel_months": m, "high_intent": h}
    for name, frame in frames.items():
        frame.reset_index(drop=True).to_parquet(Path(folder) / f"{name}.parquet")
    say(
        [
            ("fct_calls", len(calls), calls.talk_seconds.sum(), calls.lead_id.count(), calls.attempt_number.sum()),
            ("agent_days", len(a), a.k.sum(), a.high_intent.sum(), a.low.sum() * 1000),
            ("funnel", len(f), f.connect.sum(), f.intent.sum(), f.deal.sum()),
            ("channel_months", len(m), m.revenue.sum(), m.cost.sum(), m.orders.sum()),
            ("high_intent", len(h), h.calls.sum(), h.longest.sum(), h.long_calls.sum()),
        ]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
