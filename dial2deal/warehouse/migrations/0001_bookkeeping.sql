-- Bookkeeping of the warehouse. Idempotent, because homes older than numbered migrations hold parts of it.
create schema if not exists ops;
create schema if not exists raw;
create schema if not exists policy;

-- One row per file delivered. file_id is derived from source, feed and content, so a copy has the same id.
create table if not exists ops.export_files (
    file_id varchar not null,
    source varchar not null,
    feed varchar not null,
    path varchar not null,              -- relative to landing, posix separators
    sha256 varchar not null,
    bytes bigint not null,
    modified_at timestamp,              -- of the file, UTC
    delivered_at timestamp,             -- time stamp in the file name, else modified_at: decides which delivery is the latest
    encoding varchar,
    delimiter varchar,
    rows_read bigint not null default 0,
    rows_accepted bigint not null default 0,
    rows_quarantined bigint not null default 0,
    rows_duplicate bigint not null default 0,
    rows_total_line bigint not null default 0,  -- totals and footer lines found, not data
    first_event_date date,
    last_event_date date,
    status varchar not null,            -- loaded | accepted | held | failed | superseded
    message varchar,                    -- why it was held or failed, what to do
    unknown_columns varchar,            -- JSON list of headers the profile does not know
    repairs varchar,                    -- JSON object rule -> count
    profile_version varchar,
    loaded_at timestamp not null,       -- UTC
    audited_at timestamp
);

alter table ops.export_files add column if not exists filled_columns varchar;  -- JSON list of canonical columns it fills
alter table ops.export_files add column if not exists read_notes varchar;      -- what is odd about the file though it loaded

alter table ops.export_files add column if not exists rows_superseded bigint default 0;  -- another row of the file replaces them
alter table ops.export_files add column if not exists column_readings varchar;  -- JSON list: what a column's dates or numbers mean, and why
alter table ops.export_files add column if not exists judged_by varchar;       -- digest of the rules of its last audit

-- Every path seen in landing, so that an unchanged file is recognised without reading it.
create table if not exists ops.landing_paths (
    path varchar not null,
    bytes bigint not null,
    modified_ns bigint not null,
    file_id varchar not null,
    seen_at timestamp not null
);

create table if not exists ops.quarantine (
    file_id varchar not null,
    line bigint not null,
    column_name varchar,
    reason varchar not null,
    raw_line varchar,                   -- digits of phone numbers masked
    event_date date,                    -- where it could be read
    quarantined_at timestamp not null
);

-- What the totals lines of a file state against what its rows add up to; values in the column's unit (seconds, yuan).
create table if not exists ops.file_totals (
    file_id varchar not null,
    line bigint not null,
    column_name varchar not null,       -- header as delivered, '' where the line states a number of rows in words
    basis varchar not null,             -- sum | average | count | '' when there is nothing to compare with
    stated varchar,                     -- the cell's text, numbers masked
    stated_value double,
    expected_value double,
    outcome varchar not null            -- agrees | differs | not_comparable
);

-- Files of one source and feed whose rows meet in time; file_id is the later one.
create table if not exists ops.file_overlaps (
    file_id varchar not null,
    earlier_file_id varchar not null,
    first_at timestamp not null,        -- local time, first and last moment that both files cover
    last_at timestamp not null,
    rows_same bigint not null           -- rows of the later file that the earlier one holds with the same content
);

-- Dates whose rows changed and are not yet published. Removed only when a snapshot with them is out.
create table if not exists ops.dirty_dates (
    feed varchar not null,
    event_date date not null,
    reason varchar not null,
    added_at timestamp not null
);
-- Dates the current transform rebuilds: copied from dirty_dates when it starts; models and tests read it.
create table if not exists ops.build_dates (feed varchar not null, event_date date not null);
-- Leads and customers whose facts were replaced since the last complete build: written in the transaction that
-- replaces the facts, emptied after a build in which every model succeeded.
create table if not exists ops.touched_keys (kind varchar not null, key varchar not null);

-- Native ids seen on more than one date: a rebuild of one of these dates must rebuild the others too.
create table if not exists ops.moved_ids (source varchar, feed varchar, row_key varchar, event_date date);

-- Vendor value -> canonical value, per source; written from the profiles and the policy's global maps.
create table if not exists ops.value_maps (
    source varchar not null, feed varchar not null, column_name varchar not null,
    raw_value varchar not null,         -- trimmed, lower case
    canonical_value varchar not null
);

-- One row, the key of the customer hash. Only inside the private warehouse.
create table if not exists ops.secrets (customer_hash_key varchar not null);

-- Append-only history of every check: expectations on files and dbt tests on models.
create table if not exists ops.check_results (
    build_id varchar, checked_at timestamp, kind varchar,         -- expectation | dbt_test
    feed_or_model varchar, check_name varchar, severity varchar,  -- critical | warning
    outcome varchar,                                              -- passed | failed | not_evaluable
    file_id varchar, rows_checked bigint, rows_failed bigint, message varchar, details varchar
);
create table if not exists ops.check_failures (
    build_id varchar, checked_at timestamp, kind varchar, feed_or_model varchar, check_name varchar,
    severity varchar, file_id varchar, line bigint, column_name varchar, value varchar, row_json varchar
);

-- Facts about this warehouse that builds compare: policy_version, profiles_version, code_version, schema_version.
create table if not exists ops.state (name varchar not null, value varchar, updated_at timestamp not null);

-- What became of each build.
create table if not exists ops.builds (
    build_id varchar, finished_at timestamp, status varchar,       -- published | unchanged | red
    message varchar, dates_published bigint, as_of_date date
);

-- What the published snapshot says of itself: exactly one row after the first publish.
create table if not exists ops.build_info (
    build_id varchar, as_of_date date, as_of_at timestamp, code_version varchar, policy_version varchar,
    built_at timestamp, verdict varchar,                           -- complete | incomplete
    incomplete_files varchar,                                      -- JSON: file, rule, rows, first and last date
    generation bigint, table_rows varchar                          -- number of the publication; JSON table -> rows
);

-- Dates changed by each of the latest publications, noted before it starts; feed '*' means everything.
create table if not exists ops.published_dates (generation bigint not null, feed varchar not null, event_date date);

-- Reports to render from the published snapshot; a row goes when its report is written.
create table if not exists ops.report_queue (granularity varchar not null, period varchar not null, added_at timestamp not null);
