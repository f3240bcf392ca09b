{{ config(**by_date('hit_date', ['keyword_hits'])) }}
{{ staged('keyword_hits', 'keyword_hit_key', dated='hit_date', columns={
    'call_id': 'id', 'phrase': 'text', 'occurred_at': 'timestamp', 'lexicon': 'map', 'speaker': 'map',
    'offset_seconds': 'seconds', 'solved_offset_seconds': 'seconds', 'agent_id': 'id', 'product': 'text',
    'sentence': 'text', 'is_correct': 'boolean', 'confidence': 'number'}) }}
