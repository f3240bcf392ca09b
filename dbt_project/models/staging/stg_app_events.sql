{{ config(**by_date('event_date', ['app_events'])) }}
{{ staged('app_events', 'app_event_key', dated='event_date', columns={
    'event_id': 'id', 'occurred_at': 'timestamp', 'event': 'map', 'agent_id': 'id', 'call_id': 'id', 'lead_id':
    'id', 'customer_number': 'phone', 'customer_id': 'id', 'campaign_id': 'id', 'script_id': 'id',
    'script_version': 'text', 'page': 'text', 'details': 'text', 'device': 'text'}) }}
