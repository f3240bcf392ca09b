{{ config(**by_date('event_date', ['opportunity_events'])) }}
{{ staged('opportunity_events', 'opportunity_event_key', dated='event_date', columns={
    'opportunity_id': 'id', 'stage': 'text', 'status': 'map', 'occurred_at': 'timestamp', 'event_id': 'id',
    'from_stage': 'text', 'amount': 'money', 'currency': 'map', 'probability': 'number',
    'expected_close_on': 'date', 'agent_id': 'id', 'notes': 'text'}) }}
