{{ config(**by_date('stat_date', ['ad_statistics'])) }}
{{ staged('ad_statistics', 'ad_statistic_key', dated='stat_date', columns={
    'period_start': 'date', 'period_end': 'date', 'platform': 'text', 'channel': 'text', 'account_id': 'id',
    'account_name': 'text', 'campaign_id': 'id', 'campaign_name': 'text', 'ad_group_id': 'id',
    'ad_group_name': 'text', 'ad_id': 'id', 'ad_name': 'text', 'segment': 'text', 'business_line': 'text',
    'impressions': 'number', 'reach': 'number', 'clicks': 'number', 'spend': 'money', 'currency': 'map',
    'conversions': 'number', 'leads': 'number', 'phone_calls': 'number', 'conversion_value': 'money'}) }}
