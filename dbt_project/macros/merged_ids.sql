{# Records that a CRM merged: which id was merged into which, whether the one that is left lists the merged ids or each
   merged one names it. A relation of source_system, `id` and into_id, one row per merged id. #}
{% macro merges(model, id) -%}
(
    select source_system, {{ id }}, max(into_id) as into_id
    from (
        select source_system, {{ rows_of_list('merged_ids') }} as {{ id }}, {{ id }} as into_id
        from {{ model }}
        where merged_ids is not null
        union all
        select source_system, {{ id }}, merged_into
        from {{ model }}
        where merged_into is not null
    ) as told
    where {{ id }} <> into_id
    group by source_system, {{ id }}
)
{%- endmacro %}

{# The relation `merges` with survivor_id: where up to three merges one after the other lead. #}
{% macro merge_survivors(merges, id) -%}
(
    select
        first_merge.source_system,
        first_merge.{{ id }},
        first_merge.into_id,
        coalesce(third_merge.into_id, second_merge.into_id, first_merge.into_id) as survivor_id
    from {{ merges }} as first_merge
    left join {{ merges }} as second_merge
        on first_merge.source_system = second_merge.source_system and first_merge.into_id = second_merge.{{ id }}
    left join {{ merges }} as third_merge
        on second_merge.source_system = third_merge.source_system and second_merge.into_id = third_merge.{{ id }}
)
{%- endmacro %}
