{{ config(materialized='table') }}
{{ staged('campaigns', 'campaign_row_key', columns={
    'campaign_id': 'id', 'campaign_name': 'text', 'status': 'map', 'channel': 'text', 'business_line': 'text',
    'product': 'text', 'target_segment': 'text', 'dial_mode': 'map', 'script_id': 'id', 'owner_agent_id': 'id',
    'starts_on': 'date', 'ends_on': 'date', 'budget_cny': 'money', 'target_count': 'number', 'notes': 'text'}) }}
