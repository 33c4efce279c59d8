-- Who a user is at an identity server; issuer and subject are its words.
create table identities(
  issuer text not null,
  subject text not null,
  member bigint not null references users(id) on delete cascade,
  created_at bigint not null,
  primary key(issuer, subject)
);
create unique index identities_by_member on identities(member, issuer);

-- Roles of users that the identity server gave: it takes them back. Those given by hand are not here.
create table identity_roles(
  role bigint not null references roles(id) on delete cascade,
  member bigint not null references users(id) on delete cascade,
  primary key(role, member)
);
create index identity_roles_by_member on identity_roles(member);

-- States of sign-ins that came back: each is good once.
create table spent_states(
  state text not null primary key,
  expires_at bigint not null
);
