{{ config(**by_date('spoken_date', ['transcripts'])) }}
{{ staged('transcripts', 'segment_key', dated='spoken_date', columns={
    'call_id': 'id', 'segment_id': 'id', 'spoken_at': 'timestamp', 'speaker': 'map', 'agent_id': 'id',
    'offset_seconds': 'seconds', 'end_offset_seconds': 'seconds', 'content': 'text', 'sentiment': 'map',
    'confidence': 'number'}) }}
