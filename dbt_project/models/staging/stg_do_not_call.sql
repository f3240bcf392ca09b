{{ config(**by_date('listed_date', ['do_not_call'])) }}
{{ staged('do_not_call', 'listing_key', dated='listed_date', columns={
    'listed_at': 'timestamp', 'customer_number': 'phone', 'customer_id': 'id', 'requested_at': 'timestamp',
    'removed_at': 'timestamp', 'scope': 'text', 'contact_channel': 'map', 'origin': 'map', 'reason': 'text',
    'call_id': 'id', 'complaint_id': 'id', 'agent_id': 'id', 'notes': 'text'}) }}
