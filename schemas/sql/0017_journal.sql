-- What happened, for whoever follows it: one row a transaction, written in it. `entries`: a JSON array (domain/journal).
-- `place`: in the order in which rows could be seen, without gaps; null until it has one, soon after its commit.
create table journal(
  id bigint primary key,
  place bigint,
  at bigint not null,
  entries text not null
);
create unique index journal_by_place on journal(place) where place is not null;
create index journal_fresh on journal(id) where place is null;

-- How far somebody has read: 'placed' is the last place that was given, 'forgotten' the last that is not kept any more.
create table journal_marks(
  name text primary key,
  place bigint not null
);
insert into journal_marks(name, place) values ('placed', 0), ('forgotten', 0);

-- The last status of an operator that the journal tells: active, inactive, offline.
alter table operators add column shown text not null default 'offline';
-- The user who sent it.
alter table messages add column operator bigint;
-- The user who uploaded it, who alone may send it where he may send only his own.
alter table blobs add column uploader bigint;
-- A bot has had the conversation: it goes back to it when the chat is finished.
alter table chats add column had_bot bigint not null default 0;
