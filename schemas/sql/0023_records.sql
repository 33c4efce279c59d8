-- Business records of any kind (REC-1, REC-2). Definitions and values are JSON.
create table record_objects(
  code text not null primary key,
  version bigint not null,
  definition text not null
);

-- filled_to: up to this record's id the keys of a field that came later are written; null: they all are.
create table record_fields(
  id bigint primary key,
  object text not null,
  code text not null,
  filled_to bigint,
  last_number bigint not null,
  unique(object, code)
);

create table lookups(
  code text not null primary key,
  version bigint not null,
  definition text not null
);

-- state: live, removed, merged.
create table records(
  id bigint primary key,
  object text not null,
  state text not null,
  version bigint not null,
  fields text not null,
  merged_into bigint,
  created_at bigint not null,
  created_by text not null,
  updated_at bigint not null,
  updated_by text not null
);
create index records_of on records(object, id) where state = 'live';
create index records_merged on records(merged_into) where merged_into is not null;

-- By what records are found and in what order they come: bytes that sort as the values do.
create table record_keys(
  field bigint not null,
  key bytea not null,
  record bigint not null,
  primary key(field, key, record)
-- only sqlite
) without rowid;
-- only postgresql
);
-- both
create index record_keys_of on record_keys(record, field);

create table record_unique(
  field bigint not null,
  key bytea not null,
  record bigint not null,
  primary key(field, key)
-- only sqlite
) without rowid;
-- only postgresql
);
-- both
create index record_unique_of on record_unique(record, field);

-- What records are called elsewhere: "crm", "1C".
create table record_sources(
  object text not null,
  source text not null,
  external_id text not null,
  record bigint not null,
  primary key(object, source, external_id)
-- only sqlite
) without rowid;
-- only postgresql
);
-- both
create index record_sources_of on record_sources(record);

create table record_history(
  id bigint primary key,
  record bigint not null,
  at bigint not null,
  actor text not null,
  action text not null,
  version bigint not null,
  changes text not null
);
create index record_history_of on record_history(record, id);

create index chat_clients_by_contact on chat_clients(contact) where contact is not null;
