-- What operators of a queue can start in its chats (CHAT-18).
create table chat_actions(
  id bigint primary key,
  name text not null,
  queue bigint not null references queues(id) on delete cascade,
  process text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create unique index chat_actions_by_name on chat_actions(queue, name);
create index chat_actions_by_process on chat_actions(process);

-- Of whoever gave a key, so that starting twice is starting once.
create table chat_action_starts(
  chat bigint not null references chats(id),
  key text not null,
  action bigint not null,
  run bigint not null,
  primary key(chat, key)
);

-- Of the queue that a new installation has (0025).
insert into chat_actions(id, name, queue, process, created_at, updated_at) select 1000000003, 'Create case', id, 'CreateCaseFromChat', created_at, created_at
  from queues where id = 1000000002;
