{{ config(**by_date('filed_date', ['complaints'])) }}
{{ staged('complaints', 'complaint_key', dated='filed_date', columns={
    'complaint_id': 'id', 'filed_at': 'timestamp', 'customer_number': 'phone', 'customer_id': 'id', 'call_id':
    'id', 'order_id': 'id', 'ticket_id': 'id', 'agent_id': 'id', 'product': 'text', 'business_line': 'text',
    'complaint_type': 'text', 'severity': 'map', 'origin': 'text', 'status': 'map', 'is_justified': 'boolean',
    'handler_agent_id': 'id', 'accepted_at': 'timestamp', 'resolved_at': 'timestamp', 'resolution': 'text',
    'compensation_cny': 'money', 'content': 'text'}) }}
