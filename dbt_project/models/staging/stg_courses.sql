{{ config(**by_date('start_date', ['courses'])) }}
{{ staged('courses', 'enrolment_key', dated='start_date', columns={
    'enrolment_id': 'id', 'starts_on': 'date', 'ends_on': 'date', 'customer_number': 'phone', 'customer_id':
    'id', 'lead_id': 'id', 'order_id': 'id', 'course_id': 'id', 'course_name': 'text', 'course_type': 'text',
    'teacher': 'text', 'agent_id': 'id', 'status': 'map', 'lessons_total': 'number', 'lessons_left': 'number',
    'amount_cny': 'money', 'is_renewal': 'boolean'}) }}
