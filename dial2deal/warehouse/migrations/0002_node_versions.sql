-- What each model and test was made of when it was last built; a difference means that it is built anew.
create table ops.node_versions (unique_id varchar primary key, version varchar not null);
