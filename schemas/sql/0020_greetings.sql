-- What is said by itself (CHAT-32): the welcome of a channel, and that a queue is away outside its business hours.
alter table channels add column welcome text not null default '';
alter table queues add column away text not null default '';
-- JSON as the API shows it; empty: always open.
alter table queues add column hours text not null default '';

-- What is still to be said in a chat, once for each kind: 'welcome', 'away'.
create table chat_greetings(
  id bigint primary key,
  chat bigint not null references chats(id),
  kind text not null,
  text text not null,
  said bigint not null default 0,
  unique(chat, kind)
);
create index chat_greetings_unsaid on chat_greetings(id) where said = 0;
