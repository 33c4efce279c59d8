-- Raw requests of providers, durable before they are answered. state: new, done, dead.
create table inbox (
  id bigint not null primary key,
  integration bigint not null,
  plugin text not null,
  route text not null,
  lane text not null,
  dedupe_key text,
  request text not null,
  body bytea not null,
  received_at bigint not null,
  trace text not null,
  verdict text not null,
  state text not null default 'new',
  attempts bigint not null default 0,
  not_before bigint not null default 0,
  reason text,
  effect text,
  finished_at bigint,
  -- What differs comes first: comparing two keys is most of what this index costs.
  unique (dedupe_key, route, integration)
);

-- Millions of finished rows cost the sweep nothing: they are not in here. By id rather than by lane: new rows then go to
-- the end, not each to a page of its own.
create index inbox_open on inbox (integration, id, lane) where state = 'new';
create index inbox_dead on inbox (id) where state = 'dead';

-- Events that have had their effect. Key and effect commit together.
create table event_keys (
  event bigint not null,
  integration bigint not null,
  key text not null,
  created_at bigint not null,
  primary key (integration, key)
-- only sqlite
) without rowid;
-- only postgresql
);
-- both
