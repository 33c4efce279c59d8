-- Who is told outside of what happens (REC-4). `types`: a JSON array. `since`: the place of the journal after which it is
-- told. `failures`: tries in a row that reached nobody, since `failing_since`. `off_reason`: why the host switched it off.
create table subscriptions(
  id bigint primary key,
  version bigint not null,
  url text not null,
  description text not null,
  types text not null,
  active bigint not null,
  since bigint not null,
  off_reason text,
  failures bigint not null,
  failing_since bigint,
  created_at bigint not null,
  updated_at bigint not null
);

-- What is told, once for all subscriptions: each try sends the same.
create table outgoing_events(
  id bigint primary key,
  type text not null,
  at bigint not null,
  body text not null
);

-- state: waiting, sending, delivered, dead. A host that sends one has its lease until then. `at`: the event's.
create table subscription_deliveries(
  id bigint primary key,
  subscription bigint not null,
  event bigint not null,
  at bigint not null,
  state text not null,
  attempts bigint not null,
  not_before bigint not null,
  lease bigint not null,
  lease_until bigint not null,
  status bigint,
  error text,
  finished_at bigint
);
create unique index subscription_deliveries_once on subscription_deliveries(event, subscription);
create index subscription_deliveries_of on subscription_deliveries(subscription, id);
create index subscription_deliveries_in on subscription_deliveries(subscription, state, id);
create index subscription_deliveries_due on subscription_deliveries(subscription, not_before, id) where state = 'waiting';
create index subscription_deliveries_leased on subscription_deliveries(lease_until) where state = 'sending';
create index subscription_deliveries_old on subscription_deliveries(state, finished_at) where finished_at is not null;

-- How far the journal was turned into deliveries.
insert into journal_marks(name, place) select 'subscriptions', place from journal_marks where name = 'placed';
