-- How the instances of a host are, as it says now and then where other hosts look: by name, a JSON array as in the API.
create table health(
  host text primary key,
  body text not null
);

-- What became of integrations and their instances, one row a change.
create table health_history(
  id bigint primary key,
  integration bigint not null,
  at bigint not null,
  what text not null,
  state text not null,
  code text not null,
  reason text not null,
  version text not null,
  host text not null
);
create index health_history_by_integration on health_history(integration, id);
