-- People who sign in, and roles. A role's members are those of the roles below it too.
create table users(
  id bigint primary key,
  login text not null unique, -- in lower case
  name text not null,
  email text,
  language text not null,
  active bigint not null,
  created_at bigint not null,
  updated_at bigint not null
);

create table roles(
  id bigint primary key,
  name text not null unique,
  kind text not null,
  parent bigint references roles(id),
  created_at bigint not null,
  updated_at bigint not null
);
create index roles_by_parent on roles(parent);

create table role_members(
  role bigint not null references roles(id) on delete cascade,
  member bigint not null references users(id) on delete cascade,
  primary key(role, member)
);
create index role_members_by_member on role_members(member);

-- What users and roles may do; the holder is of either table.
create table operation_grants(
  holder bigint not null,
  operation text not null,
  primary key(holder, operation)
);

-- Argon2id; null: signs in elsewhere, or not at all.
alter table users add column password text;

-- What browsers hold: of the token only its SHA-256.
create table sessions(
  id bigint primary key,
  hash bytea not null unique,
  member bigint not null references users(id) on delete cascade,
  created_at bigint not null,
  last_used_at bigint not null,
  expires_at bigint not null,
  address text not null,
  agent text not null
);
create index sessions_by_member on sessions(member);

-- Wrong passwords in a row, also for logins that nobody has, so that a lock tells nothing.
create table sign_in_failures(
  login text not null primary key,
  failures bigint not null,
  last_at bigint not null,
  locked_until bigint not null
);
