{{ config(**by_date('planned_date', ['follow_ups'])) }}
{{ staged('follow_ups', 'follow_up_key', dated='planned_date', columns={
    'follow_up_id': 'id', 'planned_at': 'timestamp', 'created_at': 'timestamp', 'done_at': 'timestamp',
    'lead_id': 'id', 'customer_number': 'phone', 'customer_id': 'id', 'agent_id': 'id', 'call_id': 'id',
    'done_call_id': 'id', 'action': 'map', 'status': 'map', 'result': 'text', 'content': 'text'}) }}
