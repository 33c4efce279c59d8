-- What one person allowed at a provider by OAuth 2.0; its tokens are secrets of scope "grant". `name` is that of the manifest.
-- state: active, sign_in_again. `expires_at`: of the access token. `renewable`: whether there is a refresh token.
-- `refreshing_at`: since when it is not known how a refresh ended.
alter table grants add column title text not null default '';
alter table grants add column scopes text not null default '';
alter table grants add column state text not null default 'active';
alter table grants add column reason text not null default '';
alter table grants add column renewable bigint not null default 0;
alter table grants add column expires_at bigint;
alter table grants add column refreshing_at bigint;
alter table grants add column refreshed_at bigint not null default 0;
alter table grants add column signed_in_at bigint not null default 0;
create index grants_by_identity on grants(plugin, name, identity);

-- Several grants may stand behind one name: the first that works is used.
drop table integration_grants;
create table integration_grants(
  integration bigint not null references integrations(id) on delete cascade,
  name text not null,
  position bigint not null,
  grant_id bigint not null references grants(id),
  primary key(integration, name, position)
);
create index integration_grants_by_grant on integration_grants(grant_id);

-- Somebody is signing in. way: code, device. state: waiting, exchanging, done, failed. What only we and the provider may
-- know (the verifier of PKCE, the device's code) are secrets of scope "sign_in". `shown`: JSON, what the person is told.
create table sign_ins(
  id bigint primary key,
  plugin text not null,
  name text not null,
  profile bigint references profiles(id) on delete cascade,
  integration bigint references integrations(id) on delete cascade,
  grant_id bigint references grants(id) on delete cascade,
  way text not null,
  state text not null,
  reason text not null,
  state_hash bytea unique,
  redirect_uri text not null,
  shown text not null,
  interval_ms bigint not null,
  polled_at bigint not null,
  started_by text not null,
  created_at bigint not null,
  expires_at bigint not null
);
create index sign_ins_by_age on sign_ins(created_at);

-- Where the set-up of a draft stands, as JSON; and the name under which files of the configuration declare an integration.
alter table integrations add column setup text not null default '';
alter table integrations add column declared text;
create unique index integrations_by_declaration on integrations(declared);
