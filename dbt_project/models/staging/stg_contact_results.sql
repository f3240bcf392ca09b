{{ config(**by_date('contact_date', ['contact_results'])) }}
{{ staged('contact_results', 'contact_result_key', dated='contact_date', columns={
    'contact_id': 'id', 'last_contacted_at': 'timestamp', 'first_contacted_at': 'timestamp', 'campaign_id':
    'id', 'campaign_name': 'text', 'customer_number': 'phone', 'customer_id': 'id', 'lead_id': 'id',
    'attempts': 'number', 'connected_attempts': 'number', 'earlier_attempts': 'number', 'tech_result':
    'map', 'business_result': 'map', 'earlier_result': 'text', 'is_connected': 'boolean', 'is_won':
    'boolean', 'last_talk_seconds': 'seconds', 'total_talk_seconds': 'seconds', 'agent_id': 'id',
    'business_line': 'text', 'channel': 'text', 'next_contact_at': 'timestamp', 'notes': 'text'}) }}
