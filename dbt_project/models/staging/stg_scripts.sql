{{ config(materialized='table') }}
{{ staged('scripts', 'script_row_key', columns={
    'script_id': 'id', 'script_version': 'text', 'script_name': 'text', 'status': 'map', 'business_line':
    'text', 'product': 'text', 'scenario': 'text', 'answers_objection': 'text', 'parts': 'list',
    'confirmation_steps': 'list', 'content': 'text', 'author_agent_id': 'id', 'valid_from': 'date', 'valid_to':
    'date'}) }}
