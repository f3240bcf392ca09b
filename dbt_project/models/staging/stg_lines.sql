{{ config(**by_date('started_date', ['lines'])) }}
{{ staged('lines', 'line_record_key', dated='started_date', columns={
    'line_id': 'id', 'record_kind': 'map', 'started_at': 'timestamp', 'ended_at': 'timestamp', 'line_name':
    'text', 'carrier': 'text', 'line_type': 'map', 'area': 'text', 'own_number': 'phone', 'capacity': 'number',
    'price_per_minute_cny': 'money', 'billing_unit_seconds': 'seconds', 'monthly_fee_cny': 'money',
    'fault_kind': 'text', 'fault_seconds': 'seconds', 'connect_rate': 'number', 'congestion_rate': 'number',
    'stability_rate': 'number', 'mos_score': 'number', 'connect_delay_seconds': 'number', 'status': 'map',
    'notes': 'text'}) }}
