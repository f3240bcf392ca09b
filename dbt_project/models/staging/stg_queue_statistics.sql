{{ config(**by_date('stat_date', ['queue_statistics'])) }}
{{ staged('queue_statistics', 'queue_statistic_key', dated='stat_date', columns={
    'period_start': 'timestamp', 'period_time': 'text', 'period_end': 'timestamp', 'period_seconds':
    'seconds', 'queue': 'text', 'skill_group': 'text', 'own_number': 'phone', 'business_line': 'text',
    'direction': 'map', 'media': 'text', 'offered_calls': 'number', 'answered_calls': 'number',
    'abandoned_calls': 'number', 'short_abandoned_calls': 'number', 'timeout_calls': 'number',
    'transferred_calls': 'number', 'answered_in_target_calls': 'number', 'service_level': 'number',
    'service_level_seconds': 'seconds', 'answer_rate': 'number', 'abandon_rate': 'number', 'wait_seconds':
    'seconds', 'answer_wait_seconds': 'seconds', 'average_wait_seconds': 'seconds',
    'average_answer_wait_seconds': 'seconds', 'average_abandon_wait_seconds': 'seconds',
    'longest_wait_seconds': 'seconds', 'talk_seconds': 'seconds', 'average_talk_seconds': 'seconds',
    'hold_seconds': 'seconds', 'acw_seconds': 'seconds', 'average_handling_seconds': 'seconds',
    'longest_queue': 'number', 'agents_staffed': 'number'}) }}
