{{ config(**by_date('recorded_date', ['recordings'])) }}
{{ staged('recordings', 'recording_key', dated='recorded_date', columns={
    'recording_id': 'id', 'call_id': 'id', 'recorded_at': 'timestamp', 'recording_seconds': 'seconds',
    'recording_ref': 'text', 'file_name': 'text', 'file_bytes': 'number', 'status': 'map', 'agent_id': 'id',
    'customer_number': 'phone', 'customer_id': 'id', 'own_number': 'phone', 'direction': 'map',
    'retained_until': 'date', 'deleted_at': 'timestamp'}) }}
