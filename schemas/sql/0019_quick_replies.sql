-- Texts that operators send again and again (CHAT-17). `language`: of channels that may have it; with a queue only there.
create table quick_replies(
  id bigint primary key,
  name text not null,
  language text not null,
  queue bigint references queues(id) on delete cascade,
  text text not null,
  created_at bigint not null,
  updated_at bigint not null
);
create unique index quick_replies_by_name on quick_replies(language, name);
