{{ config(materialized='table') }}
{{ staged('products', 'product_row_key', columns={
    'product_id': 'id', 'product_name': 'text', 'series': 'text', 'category': 'text', 'business_line':
    'text', 'list_price': 'money', 'currency': 'map', 'status': 'map', 'valid_from': 'date', 'valid_to':
    'date'}) }}
