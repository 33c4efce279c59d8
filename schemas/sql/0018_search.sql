-- Search through the correspondence (CHAT-14). Both take words as they are, without the grammar of any language.
-- only sqlite
create virtual table message_words using fts5(text, content='messages', content_rowid='id', tokenize='unicode61 remove_diacritics 2');
insert into message_words(rowid, text) select id, text from messages;
create trigger messages_said after insert on messages begin insert into message_words(rowid, text) values (new.id, new.text); end;
create trigger messages_unsaid after delete on messages begin insert into message_words(message_words, rowid, text) values ('delete', old.id, old.text); end;
create trigger messages_resaid after update of text on messages when old.text <> new.text begin insert into message_words(message_words, rowid, text) values ('delete', old.id, old.text); insert into message_words(rowid, text) values (new.id, new.text); end;
-- only postgresql
create index messages_words on messages using gin(to_tsvector('simple', text));
-- both
-- Who answered a chat that is finished; none: nobody, or a bot.
alter table chats add column handled_by bigint;
update chats set handled_by = (select chat_history.operator from chat_history where chat_history.chat = chats.id and chat_history.state = 'in_progress' order by chat_history.id desc limit 1);
create index chats_of_client on chats(client) where client is not null;
create index chats_of_queue on chats(queue, id) where queue is not null;
create index chats_handled_by on chats(handled_by, id) where handled_by is not null;
