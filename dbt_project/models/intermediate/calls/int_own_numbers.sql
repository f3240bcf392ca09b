-- A number that several sources list is the same number; the first source by name wins.
select own_number, business_line, number_type, area, valid_from, valid_to
from {{ ref('stg_own_numbers') }}
where own_number is not null
qualify row_number() over (partition by own_number order by source_system nulls last, own_number_row_key nulls last) = 1
