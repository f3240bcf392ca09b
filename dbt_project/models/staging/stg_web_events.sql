{{ config(**by_date('event_date', ['web_events'])) }}
{{ staged('web_events', 'web_event_key', dated='event_date', columns={
    'event_id': 'id', 'occurred_at': 'timestamp', 'event': 'map', 'visitor_id': 'id', 'customer_number':
    'phone', 'customer_id': 'id', 'lead_id': 'id', 'page': 'text', 'referrer': 'text', 'channel': 'text',
    'campaign_id': 'id', 'product': 'text', 'stay_seconds': 'seconds', 'device': 'text', 'region_city': 'text'}) }}
