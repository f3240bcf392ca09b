{{ config(**by_date('stat_date', ['agent_statistics'])) }}
{{ staged('agent_statistics', 'agent_statistic_key', dated='stat_date', columns={
    'period_start': 'timestamp', 'period_time': 'text', 'period_end': 'timestamp', 'period_seconds':
    'seconds', 'agent_id': 'id', 'agent_name': 'text', 'team': 'text', 'department': 'text', 'skill_group':
    'text', 'queue': 'text', 'direction': 'map', 'media': 'text', 'total_calls': 'number', 'inbound_calls':
    'number', 'inbound_answered_calls': 'number', 'outbound_calls': 'number', 'outbound_connected_calls':
    'number', 'answered_calls': 'number', 'missed_calls': 'number', 'transferred_calls': 'number',
    'talk_seconds': 'seconds', 'inbound_talk_seconds': 'seconds', 'outbound_talk_seconds': 'seconds',
    'average_talk_seconds': 'seconds', 'longest_talk_seconds': 'seconds', 'wait_seconds': 'seconds',
    'ring_seconds': 'seconds', 'hold_seconds': 'seconds', 'acw_seconds': 'seconds', 'handling_seconds':
    'seconds', 'average_handling_seconds': 'seconds', 'login_seconds': 'seconds', 'ready_seconds':
    'seconds', 'busy_seconds': 'seconds', 'break_seconds': 'seconds', 'first_login_at': 'timestamp',
    'last_logout_at': 'timestamp', 'answer_rate': 'number', 'occupancy': 'number', 'csat_score': 'number'}) }}
