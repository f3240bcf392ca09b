-- What the steps of the last builds took and what they hand to later steps and to a retry; old builds are removed.
create table ops.build_steps (
    build_id varchar not null,
    step varchar not null,              -- load | audit | transform | gate | publish
    finished_at timestamp not null,     -- UTC
    seconds double not null,
    cpu_seconds double not null,        -- of this process; processes that it starts come on top
    result varchar                      -- JSON; what the steps behind it read
);
-- One row per model and test that a build ran.
create table ops.node_runs (
    build_id varchar not null,
    unique_id varchar not null,         -- dbt's
    name varchar not null,
    resource_type varchar not null,     -- model | test | seed
    status varchar not null,            -- dbt's: success | error | skipped | pass | warn | fail
    seconds double not null,
    rows bigint,                        -- of the table after the build
    failures bigint,                    -- rows that a test found
    message varchar                     -- numbers masked
);
