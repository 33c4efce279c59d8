-- Chats, their messages, and what waits to go out. Times are Unix milliseconds; flags are 0 or 1; JSON is text.

-- A person (or bot) as a channel knows it.
create table chat_clients (
  id bigint primary key,
  integration bigint not null,
  external_id text not null,
  name text not null default '',
  username text not null default '',
  language text not null default '',
  is_bot bigint not null default 0,
  contact bigint,
  created_at bigint not null,
  unique (integration, external_id)
);

create table chats (
  id bigint primary key,
  integration bigint not null,
  conversation text not null,
  kind text not null,
  title text not null default '',
  facts text not null default '{}',
  client bigint,
  state text not null default 'open',
  queue bigint,
  operator bigint,
  reachable bigint not null default 1,
  reason text,
  merged_into bigint,
  created_at bigint not null,
  last_message_at bigint not null
);
create unique index chats_one_open on chats (integration, conversation) where state <> 'finished';
create index chats_of_integration on chats (integration, id);

-- A conversation that the provider gave another id.
create table chat_moves (
  integration bigint not null,
  conversation text not null,
  moved_to text not null,
  primary key (integration, conversation)
);

create table messages (
  id bigint primary key,
  chat bigint not null references chats (id),
  direction text not null,
  author bigint,
  text text not null default '',
  content text not null default '{}',
  state text not null,
  reason text,
  provider_id text,
  provider_at bigint not null,
  sequence bigint not null default 0,
  created_at bigint not null,
  edited_at bigint,
  deleted_at bigint,
  reply_to bigint,
  reply_to_provider_id text,
  idempotency_key text,
  part_of text,
  trace text
);
create index messages_in_order on messages (chat, provider_at, sequence, id);
create unique index messages_idempotency on messages (chat, idempotency_key) where idempotency_key is not null;
create unique index messages_part_of on messages (chat, part_of) where part_of is not null;

-- What the provider calls the parts of a message. Parts of an album keep their own text here.
create table message_provider_ids (
  integration bigint not null,
  conversation text not null,
  provider_id text not null,
  message bigint not null,
  at bigint not null default 0,
  sequence bigint not null default 0,
  state text not null,
  edited_at bigint,
  text text,
  primary key (integration, conversation, provider_id)
-- only sqlite
) without rowid;
-- only postgresql
);
-- both
create index message_provider_ids_of_message on message_provider_ids (message);

-- Former versions of what a client wrote.
create table message_edits (
  id bigint primary key,
  message bigint not null references messages (id),
  provider_id text not null,
  version_at bigint not null,
  text text not null,
  content text not null,
  attachments text not null default '[]',
  recorded_at bigint not null
);
create index message_edits_of_message on message_edits (message, provider_id, version_at);

create table message_attachments (
  id bigint primary key,
  integration bigint not null,
  message bigint not null references messages (id),
  provider_id text,
  at bigint not null default 0,
  sequence bigint not null default 0,
  position bigint not null,
  kind text not null,
  name text not null default '',
  type text not null default '',
  size bigint,
  width bigint,
  height bigint,
  duration_ms bigint,
  file text not null default '{}',
  details text not null default '{}',
  unique_id text,
  blob bigint references blobs (id),
  state text not null,
  reason text,
  attempts bigint not null default 0,
  not_before bigint not null default 0,
  replaced_at bigint
);
create index message_attachments_of_message on message_attachments (message, sequence, position);
create index message_attachments_blob on message_attachments (blob) where blob is not null;
create index message_attachments_waiting on message_attachments (integration, not_before, id) where state = 'pending';

-- Deletions and receipts of messages that are not known yet; they wait a day.
create table message_waiting (
  id bigint primary key,
  integration bigint not null,
  conversation text not null,
  provider_id text not null,
  what text not null,
  reason text,
  at bigint not null,
  expires_at bigint not null
);
create index message_waiting_for on message_waiting (integration, conversation, provider_id);
create index message_waiting_expired on message_waiting (expires_at);

-- What is to be sent, one row a call of the channel; in order within a lane (a conversation).
create table outbox (
  id bigint primary key,
  integration bigint not null,
  lane text not null,
  kind text not null default '',
  verb text not null,
  message bigint,
  part bigint not null default 0,
  parts bigint not null default 1,
  idempotency_key text not null unique,
  payload text not null,
  state text not null default 'queued',
  done bigint not null default 0,
  claim bigint,
  attempts bigint not null default 0,
  not_before bigint not null default 0,
  reason text,
  provider_ids text not null default '[]',
  trace text,
  created_at bigint not null
);
create index outbox_waiting on outbox (integration, lane, id) where done = 0;
create index outbox_of_message on outbox (message, part);
