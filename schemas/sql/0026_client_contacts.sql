-- What a channel tells of a client, by which he is found among the contacts (CHAT-15). `unlinked`: a person has said that he is none of them.
alter table chat_clients add column phone text not null default '';
alter table chat_clients add column email text not null default '';
alter table chat_clients add column unlinked bigint not null default 0;

-- What a change was about beside the chat: a contact, a run of a process.
alter table chat_history add column subject bigint;
