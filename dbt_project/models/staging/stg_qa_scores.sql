{{ config(**by_date('scored_date', ['qa_scores'])) }}
{{ staged('qa_scores', 'qa_score_key', dated='scored_date', columns={
    'call_id': 'id', 'scored_at': 'timestamp', 'qa_id': 'id', 'agent_id': 'id', 'inspector_id': 'id', 'method':
    'map', 'total_score': 'number', 'max_score': 'number', 'attitude_score': 'number', 'script_score': 'number',
    'solving_score': 'number', 'compliance_score': 'number', 'is_passed': 'boolean', 'is_problem_solved':
    'boolean', 'is_second_confirmed': 'boolean', 'deductions': 'list', 'notes': 'text'}) }}
