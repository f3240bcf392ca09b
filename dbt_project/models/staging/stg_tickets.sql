{{ config(**by_date('created_date', ['tickets'])) }}
{{ staged('tickets', 'ticket_key', dated='created_date', columns={
    'ticket_id': 'id', 'created_at': 'timestamp', 'customer_number': 'phone', 'customer_id': 'id', 'call_id':
    'id', 'order_id': 'id', 'title': 'text', 'issue_type': 'text', 'status': 'map', 'priority': 'map',
    'business_line': 'text', 'product': 'text', 'channel': 'text', 'creator_agent_id': 'id', 'handler_agent_id':
    'id', 'department': 'text', 'first_response_at': 'timestamp', 'resolved_at': 'timestamp', 'closed_at':
    'timestamp', 'is_resolved': 'boolean', 'is_reopened': 'boolean', 'csat_score': 'number', 'content': 'text',
    'tags': 'list'}) }}
