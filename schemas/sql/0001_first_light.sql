-- Times are Unix milliseconds, ids are minted by the host, JSON is text that the host checks.

-- Small facts of the host.
create table settings_kv(
  name text primary key,
  value text not null
);

-- Access to a provider that several integrations share (an OAuth application, a service account).
create table profiles(
  id bigint primary key,
  plugin text not null,
  name text not null,
  settings text not null,
  created_at bigint not null,
  updated_at bigint not null,
  unique(plugin, name)
);

-- What a provider has allowed under a profile: one signed-in identity.
create table grants(
  id bigint primary key,
  profile bigint references profiles(id),
  plugin text not null,
  name text not null,
  identity text not null,
  created_at bigint not null
);
create index grants_by_profile on grants(profile);

create table integrations(
  id bigint primary key,
  plugin text not null,
  version text not null,
  name text not null,
  settings text not null,
  state text not null,
  reason_code text not null,
  reason_text text not null,
  identity text not null,
  title text not null,
  remote_state text not null,
  profile bigint references profiles(id),
  owner bigint,
  visibility text not null,
  -- The identity while the integration is connected, so that two integrations never serve one bot; else null.
  claim text,
  created_at bigint not null,
  updated_at bigint not null,
  unique(plugin, claim)
);

create table integration_grants(
  integration bigint not null references integrations(id) on delete cascade,
  name text not null,
  grant_id bigint not null references grants(id),
  primary key(integration, name)
);
create index integration_grants_by_grant on integration_grants(grant_id);

-- Encrypted (host/vault); the owner is an integration, a profile, a grant or 0 for the host.
create table secrets(
  scope text not null,
  owner_id bigint not null,
  name text not null,
  key_id text not null,
  nonce bytea not null,
  value bytea not null,
  created_at bigint not null,
  expires_at bigint,
  primary key(scope, owner_id, name)
);

create table tokens(
  id bigint primary key,
  name text not null,
  hash bytea not null unique,
  scopes text not null,
  created_at bigint not null,
  expires_at bigint,
  last_used_at bigint,
  revoked_at bigint
);

-- What a plugin keeps for itself; the version guards against lost updates.
create table plugin_state(
  integration bigint not null references integrations(id) on delete cascade,
  key text not null,
  value text not null,
  version bigint not null,
  primary key(integration, key)
);

-- state: writing, ready.
create table blobs(
  id bigint primary key,
  integration bigint,
  name text not null,
  type text not null,
  size bigint not null,
  sha256 text,
  state text not null,
  created_at bigint not null
);
create index blobs_by_age on blobs(created_at);

-- Who may read a file besides its owner: an integration by which it is sent.
create table blob_readers(
  blob bigint not null references blobs(id) on delete cascade,
  integration bigint not null,
  primary key(blob, integration)
);

create table blob_pieces(
  blob bigint not null references blobs(id) on delete cascade,
  piece bigint not null,
  data bytea not null,
  primary key(blob, piece)
);
-- only postgresql
-- Files are compressed already; do not spend time on trying again.
alter table blob_pieces alter column data set storage external;
-- both

create table audit(
  id bigint primary key,
  at bigint not null,
  actor text not null,
  action text not null,
  object text not null,
  detail text not null
);
create index audit_by_object on audit(object, id);
