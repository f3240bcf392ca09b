{{ config(materialized='table') }}
{{ staged('accounts', 'account_row_key', columns={
    'account_id': 'id', 'account_name': 'text', 'parent_account': 'text', 'industry': 'text', 'segment':
    'text', 'employees': 'number', 'annual_revenue': 'number', 'founded_year': 'number', 'country': 'text',
    'region_province': 'text', 'region_city': 'text', 'owner_agent_id': 'id', 'customer_number': 'phone',
    'customer_id': 'id', 'created_at': 'timestamp'}) }}
