-- Who gets chats. An operator of a queue is a user, or every user of a role.
create table queues(
  id bigint primary key,
  name text not null unique,
  rule text not null,
  idle_ms bigint,
  keep_open bigint not null,
  created_at bigint not null,
  updated_at bigint not null
);

create table queue_operators(
  queue bigint not null references queues(id) on delete cascade,
  holder bigint not null,
  primary key(queue, holder)
);
create index queue_operators_by_holder on queue_operators(holder);

-- What routing knows of a user, since he first came; chats counts those that are assigned to him or with him.
create table operators(
  id bigint primary key references users(id),
  available bigint not null,
  present_until bigint not null,
  chats bigint not null,
  last_taken_at bigint not null
);

-- Of an integration that carries chats; without a row it is not active.
create table channels(
  integration bigint primary key references integrations(id) on delete cascade,
  active bigint not null,
  queue bigint references queues(id),
  language text not null
);
create index channels_by_queue on channels(queue);

-- state: held, with_bot, waiting, assigned, in_progress, finished.
update chats set state = 'held' where state = 'open';
alter table chats add column waiting_since bigint not null default 0;
alter table chats add column assigned_at bigint not null default 0;
alter table chats add column handed_back_by bigint;
alter table chats add column last_incoming_at bigint;
alter table chats add column last_outgoing_at bigint;
update chats set waiting_since = created_at, last_incoming_at = last_message_at;
-- Finished chats cost routing nothing: they are in none of these.
create index chats_waiting on chats(queue, waiting_since, id) where state = 'waiting';
create index chats_owned on chats(operator, state) where operator is not null and state <> 'finished';
create index chats_assigned on chats(assigned_at) where state = 'assigned';
create index chats_held on chats(integration) where state = 'held';
create index chats_silent on chats(queue, last_outgoing_at) where last_outgoing_at is not null and state <> 'finished';

-- Every change of a chat (CHAT-11).
create table chat_history(
  id bigint primary key,
  chat bigint not null references chats(id),
  at bigint not null,
  state text not null,
  reason text not null,
  actor text not null,
  queue bigint,
  operator bigint,
  former bigint,
  note text
);
create index chat_history_of on chat_history(chat, id);
