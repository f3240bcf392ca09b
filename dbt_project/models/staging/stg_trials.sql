{{ config(**by_date('invited_date', ['trials'])) }}
{{ staged('trials', 'trial_key', dated='invited_date', columns={
    'trial_id': 'id', 'invited_at': 'timestamp', 'scheduled_at': 'timestamp', 'attended_at': 'timestamp',
    'lead_id': 'id', 'customer_number': 'phone', 'customer_id': 'id', 'agent_id': 'id', 'course_name': 'text',
    'course_type': 'text', 'teacher': 'text', 'status': 'map', 'is_accepted': 'boolean', 'is_attended':
    'boolean', 'order_id': 'id', 'feedback': 'text'}) }}
