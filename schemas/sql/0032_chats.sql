-- Since when a conversation has its new id: the former one is an alias for a while only.
alter table chat_moves add column moved_at bigint not null default 0;
update chat_moves set moved_at =
-- only sqlite
  cast(strftime('%s', 'now') as bigint) * 1000;
-- only postgresql
  cast(extract(epoch from now()) * 1000 as bigint);
-- both
-- Each leads to where its conversation is now, in one step.
update chat_moves set moved_to = (select next.moved_to from chat_moves next where next.integration = chat_moves.integration and next.conversation = chat_moves.moved_to)
  where exists (select 1 from chat_moves next where next.integration = chat_moves.integration and next.conversation = chat_moves.moved_to);
create index chat_moves_to on chat_moves(integration, moved_to);

-- All chats of a conversation, finished ones too.
create index chats_of_conversation on chats(integration, conversation, id);
drop index chats_held;
create index chats_held on chats(integration, last_incoming_at) where state = 'held';
create index chats_of_queue_open on chats(queue) where queue is not null and state <> 'finished';

-- What can still rise by a receipt up to a time. What was written from our side elsewhere was sent.
update message_provider_ids set state = 'sent' where state = 'received' and message in (select id from messages where direction = 'out');
create index message_provider_ids_rising on message_provider_ids(integration, conversation, state, at) where state = 'sent' or state = 'delivered';

-- When the client wrote last, by the provider's time: what a channel's window is counted from.
alter table chats add column last_client_at bigint;
update chats set last_client_at = last_incoming_at;
