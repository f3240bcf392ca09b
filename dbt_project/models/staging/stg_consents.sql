{{ config(**by_date('recorded_date', ['consents'])) }}
{{ staged('consents', 'consent_key', dated='recorded_date', columns={
    'consent_id': 'id', 'recorded_at': 'timestamp', 'customer_number': 'phone', 'customer_id': 'id',
    'consent_kind': 'map', 'contact_channel': 'map', 'is_granted': 'boolean', 'expires_on': 'date',
    'obtained_from': 'text', 'proof_ref': 'text', 'call_id': 'id', 'agent_id': 'id', 'business_line': 'text',
    'notes': 'text'}) }}
