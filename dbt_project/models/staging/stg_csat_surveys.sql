{{ config(**by_date('sent_date', ['csat_surveys'])) }}
{{ staged('csat_surveys', 'survey_key', dated='sent_date', columns={
    'survey_id': 'id', 'sent_at': 'timestamp', 'answered_at': 'timestamp', 'call_id': 'id', 'ticket_id': 'id',
    'customer_number': 'phone', 'customer_id': 'id', 'agent_id': 'id', 'survey_channel': 'map', 'score':
    'number', 'max_score': 'number', 'csat_key': 'text', 'is_satisfied': 'boolean', 'is_problem_solved':
    'boolean', 'comment': 'text', 'tags': 'list'}) }}
