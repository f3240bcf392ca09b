{{ config(**by_date('assigned_date', ['script_experiments'])) }}
{{ staged('script_experiments', 'assignment_key', dated='assigned_date', columns={
    'experiment_id': 'id', 'unit_id': 'id', 'unit_kind': 'map', 'arm': 'text', 'assigned_at': 'timestamp',
    'experiment_name': 'text', 'factor': 'map', 'is_control': 'boolean', 'script_id': 'id', 'script_version':
    'text', 'agent_id': 'id', 'customer_number': 'phone', 'customer_id': 'id', 'notes': 'text'}) }}
