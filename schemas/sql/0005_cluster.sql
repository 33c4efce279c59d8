-- Hosts that work on this store. `beat` rises while a host lives, `passes` each time that it has seen what others changed;
-- a host whose row is gone has been declared dead and works no more.
create table hosts(
  id bigint primary key,
  name text not null unique,
  slot bigint not null unique,
  version text not null,
  address text not null,
  joined_at bigint not null,
  beat bigint not null default 0,
  passes bigint not null default 0,
  keys text not null default ''
);

-- Which host works for the integrations of a partition; one whose host is gone is free.
create table partitions(
  id bigint primary key,
  host bigint
);

-- Who changes something that hosts must not change together; one whose host is gone is free.
create table cluster_locks(
  name text primary key,
  host bigint not null,
  token bigint not null
);

-- So that every host sees what another has changed.
alter table integrations add column revision bigint not null default 0;
alter table integrations add column changed_by bigint not null default 0;
