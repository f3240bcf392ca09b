"""polars, lazy where it helps; outputs as Parquet. ``python -m benchmarks.peers.polars_script LANDING FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from polars import col, lit, when

from benchmarks.peers.files import ALIASES, COLUMNS, delivered, say


def read(landing: str, feed: str) -> pl.LazyFrame:
    """A feed's files as text under the short names."""
    return pl.scan_csv(delivered(landing, feed), infer_schema=False, new_columns=COLUMNS[feed].split())


def moment(name: str) -> pl.Expr:
    return col(name).str.to_datetime("%Y-%m-%d %H:%M:%S")


def fct_calls(landing: str, leads: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """One row per call."""
    talk = col("talk").str.split_exact(":", 2).struct
    seconds = sum(talk.field(f"field_{i}").cast(pl.Int64) * weight for i, weight in enumerate((3600, 60, 1)))
    calls = (
        read(landing, "calls")
        .select(
            "call_id",
            "agent_id",
            "agent_name",
            "skill_group",
            "province",
            "city",
            "own_number",
            direction=when(col("direction") == "呼入").then(lit("inbound")).otherwise(lit("outbound")),
            customer=when(col("number").str.contains(r"^1[3-9][0-9]{9}$")).then("+86" + col("number")),
            started_at=moment("started"),
            answered_at=moment("answered"),
            ended_at=moment("ended"),
            talk_seconds=seconds,
            ring_seconds=col("ring").cast(pl.Int32),
            queue_seconds=col("queue").cast(pl.Int32),
            is_connected=col("status") == "已接通",
        )
        .collect()
        .sort("started_at", "call_id")
    )
    t = col("talk_seconds")
    calls = calls.with_columns(
        call_date=col("started_at").dt.date(),
        call_hour=col("started_at").dt.hour(),
        is_dial=col("direction") == "outbound",
        is_high_intent=col("is_connected") & (t > 300),
        tier=when(~col("is_connected"))
        .then(None)
        .when(t > 600)
        .then(lit("A+"))
        .when(t > 420)
        .then(lit("A"))
        .when(t > 300)
        .then(lit("A-"))
        .when(t >= 60)
        .then(lit("B"))
        .when(t >= 30)
        .then(lit("C"))
        .otherwise(lit("D")),
    )
    calls = calls.join_asof(
        leads,
        left_on="started_at",
        right_on="created_at",
        by="customer",
        strategy="backward",
        tolerance="90d",
        check_sortedness=False,
    )
    first = orders.unique("customer", keep="first", maintain_order=True).select("customer", first_order="ordered_at")
    return (
        calls.join(first, on="customer", how="left", maintain_order="left")
        .with_columns(
            channel=col("channel").fill_null("unattributed"),
            is_existing_customer=(col("first_order") < col("started_at")).fill_null(False),
            attempt_number=when(col("is_dial")).then(
                pl.int_range(pl.len()).over("customer", "call_date", "is_dial") + 1
            ),
        )
        .drop("first_order")
    )


def agent_days(calls: pl.DataFrame) -> pl.DataFrame:
    """One row per agent and day, connect rate with Wilson interval."""
    n, k = col("n"), col("k")
    root = 1.96 * (k * (n - k) / n + 0.9604).sqrt()
    return (
        calls.group_by("call_date", "agent_id")
        .agg(
            calls=pl.len(),
            n=col("is_dial").sum().cast(pl.Float64),
            k=(col("is_dial") & col("is_connected")).sum().cast(pl.Float64),
            high_intent=col("is_high_intent").sum(),
            talk_seconds=col("talk_seconds").filter(col("is_connected")).sum(),
        )
        .with_columns(
            connect_rate=k / n,
            low=when(n > 0).then((k + 1.9207 - root) / (n + 3.8415)),
            high=when(n > 0).then((k + 1.9207 + root) / (n + 3.8415)),
        )
    )


def funnel(landing: str, calls: pl.DataFrame, leads: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """One row per channel and week of creation."""
    s = col("started_at")
    called = (
        calls.filter(col("lead_id").is_not_null())
        .group_by("lead_id")
        .agg(
            dial=s.min(),
            connect=s.filter(col("is_connected")).min(),
            called_intent=s.filter(col("is_high_intent")).min(),
        )
    )
    events = (
        read(landing, "lead_events")
        .group_by("lead_id")
        .agg(
            **{
                name: moment("happened").filter(col("stage") == stage).min()
                for name, stage in (("said_intent", "意向确认"), ("need", "需求确认"))
            }
        )
        .collect()
    )
    deals = orders.group_by("lead_id").agg(deal=col("ordered_at").min())
    found = leads
    for other in (called, events, deals):
        found = found.join(other, on="lead_id", how="left")
    return found.group_by("channel", cohort_week=col("created_at").dt.truncate("1w")).agg(
        leads=pl.len(),
        dial=col("dial").count(),
        connect=col("connect").count(),
        intent=pl.coalesce("called_intent", "said_intent").count(),
        need=col("need").count(),
        deal=col("deal").filter(col("deal") < col("created_at").dt.offset_by("90d")).count(),
    )


def channel_months(landing: str, orders: pl.DataFrame) -> pl.DataFrame:
    """One row per channel and month."""
    costs = (
        read(landing, "channel_costs")
        .group_by(channel=col("channel").replace(ALIASES), month="cost_month")
        .agg(cost=col("amount").cast(pl.Decimal(18, 2)).sum())
        .collect()
    )
    earned = orders.group_by("channel", month=col("ordered_at").dt.strftime("%Y-%m")).agg(
        orders=pl.len(), revenue=col("amount").sum()
    )
    return earned.join(costs, on=["channel", "month"], how="full", coalesce=True).with_columns(
        roi=(col("revenue") - col("cost")).cast(pl.Float64) / col("cost").cast(pl.Float64)
    )


def high_intent(calls: pl.DataFrame) -> pl.DataFrame:
    """One row per customer with a long call in the last 30 days."""
    day = lit(calls["call_date"].max())
    recent = calls.filter((col("call_date") > day.dt.offset_by("-60d")) & col("customer").is_not_null())
    last = recent.filter(col("is_high_intent") & (col("call_date") > day.dt.offset_by("-30d"))).unique(
        "customer", keep="last", maintain_order=True
    )
    near = recent.join(last.select("customer", last_date="call_date"), on="customer").filter(
        col("call_date") > col("last_date").dt.offset_by("-30d")
    )
    counted = near.group_by("customer").agg(
        calls=pl.len(), long_calls=col("is_high_intent").sum(), longest=col("talk_seconds").max()
    )
    order = ["tier", "long_calls", "talk_seconds", "started_at", "customer"]
    return last.join(counted, on="customer").sort(order, descending=[False, True, True, True, False])


def main(landing: str, folder: str) -> None:
    leads = (
        read(landing, "leads")
        .select(
            "lead_id",
            customer="+86" + col("phone"),
            created_at=moment("created"),
            channel=col("source").replace(ALIASES),
        )
        .collect()
        .sort("created_at", "lead_id")
    )
    orders = (
        read(landing, "orders")
        .select(
            "order_id",
            "lead_id",
            customer="+86" + col("phone"),
            ordered_at=moment("ordered"),
            amount=col("amount").cast(pl.Decimal(18, 2)),
        )
        .collect()
        .join(leads.select("lead_id", "channel"), on="lead_id", how="left")
        .sort("ordered_at", "order_id")
    )
    calls = fct_calls(landing, leads, orders)
    outputs = {
        "fct_calls": calls,
        "agent_days": agent_days(calls),
        "funnel": funnel(landing, calls, leads, orders),
        "channel_months": channel_months(landing, orders),
        "high_intent": high_intent(calls),
    }
    for name, frame in outputs.items():
        frame.write_parquet(Path(folder) / f"{name}.parquet")
    a, f, m, h = (outputs[name] for name in ("agent_days", "funnel", "channel_months", "high_intent"))
    say(
        [
            (
                "fct_calls",
                len(calls),
                calls["talk_seconds"].sum(),
                calls["lead_id"].count(),
                calls["attempt_number"].sum(),
            ),
            ("agent_days", len(a), a["k"].sum(), a["high_intent"].sum(), a["low"].sum() * 1000),
            ("funnel", len(f), f["connect"].sum(), f["intent"].sum(), f["deal"].sum()),
            ("channel_months", len(m), m["revenue"].sum(), m["cost"].sum(), m["orders"].sum()),
            ("high_intent", len(h), h["calls"].sum(), h["longest"].sum(), h["long_calls"].sum()),
        ]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
