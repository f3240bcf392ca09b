{{ config(**by_date('opened_date', ['opportunities'])) }}
{{ staged('opportunities', 'opportunity_key', dated='opened_date', columns={
    'opportunity_id': 'id', 'opened_at': 'timestamp', 'opportunity_name': 'text', 'stage': 'text', 'status':
    'map', 'is_won': 'boolean', 'is_closed': 'boolean', 'probability': 'number', 'amount': 'money',
    'currency': 'map', 'expected_close_on': 'date', 'closed_at': 'timestamp', 'account_id': 'id',
    'account_name': 'text', 'customer_id': 'id', 'customer_number': 'phone', 'lead_id': 'id', 'agent_id':
    'id', 'agent_name': 'text', 'team': 'text', 'product': 'text', 'business_line': 'text', 'channel':
    'text', 'campaign_id': 'id', 'pipeline': 'text', 'lost_reason': 'text', 'next_step': 'text'}) }}
