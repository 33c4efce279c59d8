-- Pauses that providers asked for: until then nothing of the scope is asked of them, on whatever host.
-- `scope`: "integration", "grant" or "profile"; `id`: which; `until`: Unix milliseconds.
create table pauses(
  scope text not null,
  id bigint not null,
  until bigint not null,
  primary key(scope, id)
);

-- Until when files that were published are kept: as long as the longest of their links is good. Unix milliseconds.
create table blob_links(
  blob bigint primary key references blobs(id),
  until bigint not null
);
create index blob_links_by_end on blob_links(until);
