{{ config(materialized='table') }}
{{ staged('promotions', 'promotion_row_key', columns={
    'promotion_id': 'id', 'promotion_name': 'text', 'promotion_kind': 'map', 'starts_on': 'date', 'ends_on':
    'date', 'business_line': 'text', 'channel': 'text', 'product': 'text', 'campaign_id': 'id', 'area': 'text',
    'expected_uplift': 'number', 'budget_cny': 'money', 'discount': 'text', 'notes': 'text'}) }}
