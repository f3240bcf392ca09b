{{ config(**by_date('state_date', ['agent_states'])) }}
{{ staged('agent_states', 'agent_state_key', dated='state_date', columns={
    'agent_id': 'id', 'state': 'map', 'started_at': 'timestamp', 'ended_at': 'timestamp', 'state_seconds':
    'seconds', 'agent_name': 'text', 'reason': 'text', 'call_id': 'id', 'skill_group': 'text', 'queue': 'text'}) }}
