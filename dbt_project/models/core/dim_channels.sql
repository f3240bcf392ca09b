-- Channels of the policy, and spellings it does not know: they stand alone until somebody maps them.
with found as (
    select member as channel from {{ ref('call_day_members') }} where member_kind = 'channel'
    union
    select channel from {{ ref('int_leads') }}
    union
    select channel from {{ ref('int_orders') }}
    union
    select channel from {{ ref('fct_costs') }}
    union
    select channel from {{ source('policy', 'channels') }}
)

select
    found.channel,
    coalesce(channels.label_zh, found.channel) as label_zh,
    coalesce(channels.label_en, found.channel) as label_en,
    coalesce(channels.channel_group, 'unmapped') as channel_group,
    coalesce(channels.is_paid, false) as is_paid,
    channels.channel is not null as is_mapped
from found
left join {{ source('policy', 'channels') }} as channels on found.channel = channels.channel
