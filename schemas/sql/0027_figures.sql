-- What an admin wants to know of chats (CHAT-31). waited_ms: of an offer that was accepted, how long its chat had waited.
alter table chat_history add column waited_ms bigint;
create index chat_history_at on chat_history(at);

-- The first answer of a person in each chat. waited_ms: since the chat first waited.
create table chat_answers(
  chat bigint primary key references chats(id),
  at bigint not null,
  operator bigint not null,
  queue bigint,
  waited_ms bigint not null
);
create index chat_answers_at on chat_answers(at);
