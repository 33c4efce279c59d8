-- What is told as it happens: an ordered log for each topic. `owner`: the integration that it belongs to, 0 for the host's own.
-- `last`: id of its newest event; `dropped`: events up to this id are not kept any more; `at`: Unix milliseconds of the newest.
create table live_topics(
  owner bigint not null,
  name text not null,
  last bigint not null,
  dropped bigint not null,
  at bigint not null,
  primary key(owner, name)
);
create index live_topics_by_age on live_topics(at);

-- `key`: by which a repeated event is known. `data`: JSON.
create table live_events(
  owner bigint not null,
  topic text not null,
  id bigint not null,
  key text,
  type text not null,
  data text not null,
  at bigint not null,
  primary key(owner, topic, id)
);
create unique index live_events_by_key on live_events(owner, topic, key);
create index live_events_by_age on live_events(at);
