{{ config(**by_date('event_date', ['queue_events'])) }}
{{ staged('queue_events', 'queue_event_key', dated='event_date', columns={
    'occurred_at': 'timestamp', 'event': 'map', 'event_id': 'id', 'call_id': 'id', 'queue': 'text',
    'skill_group': 'text', 'agent_id': 'id', 'customer_number': 'phone', 'customer_id': 'id', 'position':
    'number', 'entry_position': 'number', 'wait_seconds': 'seconds', 'ring_seconds': 'seconds', 'talk_seconds':
    'seconds', 'reason': 'text', 'transferred_to': 'text'}) }}
