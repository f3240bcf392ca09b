"""What vendors counted themselves, opportunities and contacts of the invented company: a row or two of each fact."""

from __future__ import annotations

import duckdb
import yaml

from dial2deal.settings import Settings

DAY = "date '2026-05-12'"
ROWS = {
    "fct_agent_statistics": f"""
        select 'A1' as agent_statistic_key, 'generic_400' as source_system, {DAY} as stat_date, 'day' as span,
            true as counts_in_day, 'A1' as agent_id, '一组' as team, 20 as calls, 12 as inbound_calls,
            9 as inbound_answered_calls, 8 as outbound_calls, 5 as outbound_connected_calls, 14 as answered_calls,
            2100 as talk_seconds, 2800 as handling_seconds, 14400 as login_seconds, 400 as break_seconds""",
    "fct_queue_statistics": f"""
        select 'Q1' as queue_statistic_key, 'generic_400' as source_system, {DAY} as stat_date, 'day' as span,
            true as counts_in_day, '售前' as queue, '企业服务' as business_line, 50 as offered_calls,
            45 as answered_calls,
            5 as abandoned_calls, 40 as in_target_calls, 450 as answer_wait_seconds, 9000 as handling_seconds""",
    "fct_queue_waits": f"""
        select 'W' || n as wait_key, 'generic_400' as source_system, {DAY} as wait_date, '售前' as queue,
            case when n = 3 then 'abandoned' else 'answered' end as outcome, 'connect' as ending, n * 10 as wait_seconds
        from unnest([1, 2, 3]) as t(n)""",
    "fct_ad_statistics": f"""
        select 'D1' as ad_statistic_key, 'generic_crm' as source_system, {DAY} as stat_date, {DAY} as period_end,
            1 as period_days, 'day' as span, true as is_counted, '搜索推广' as platform, '百度搜索' as channel,
            'P1' as campaign_id, '企业服务' as business_line, 10000 as impressions, 200 as clicks, 480.00 as spend_cny,
            480.00 as spend_delivered, 'cny' as currency, 12 as conversions, 8 as leads""",
    "fct_opportunities": f"""
        select 'P' || n as opportunity_key, 'generic_crm' as source_system, 'P' || n as source_opportunity_id,
            {DAY} as opened_date, s as status, s = 'won' as is_won, s = 'open' as is_open,
            case when s <> 'open' then {DAY} end as close_date, 100.00 * n as amount_cny, 'cny' as currency,
            '一组' as team, '企业服务' as business_line, '百度搜索' as channel, 'A1' as agent_id
        from (values (1, 'won'), (2, 'lost'), (3, 'open')) as t(n, s)""",
    "fct_contact_results": f"""
        select 'K' || n as contact_result_key, 'generic_400' as source_system, 'K' || n as source_contact_id,
            {DAY} as last_contact_date, n as attempts, n > 0 as is_dialled, n > 0 as is_reached, n = 2 as is_won,
            '企业服务' as business_line, '名单采购' as channel, 'A1' as agent_id
        from unnest([0, 1, 2, 3]) as t(n)""",
    "fct_csat_surveys": f"""
        select 'S' || n as survey_key, 'generic' as source_system, {DAY} as sent_date, 'A1' as agent_id,
            'sms' as survey_channel, n > 1 as is_answered, n < 5 as is_sending_known,
            case when n > 2 then n > 3 end as is_satisfied, 'csat.csv' as source_file, n as source_line
        from unnest([1, 2, 3, 4, 5]) as t(n)""",
}


def plant(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Create the facts by their contracts and fill them."""
    for name in ("statistics", "opportunities", "fct_csat_surveys"):
        content = yaml.safe_load((settings.dbt_project / f"models/core/{name}.yml").read_text(encoding="utf-8"))
        for model in content["models"]:
            columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
            con.execute(f"create or replace table marts.{model['name']} ({columns})")
    for table, rows in ROWS.items():
        con.execute(f"insert into marts.{table} by name {rows}")
