-- A new installation has the queue "All operators" (CHAT-1), whose operators are the role "Operators" and those below it.
-- Here, since a migration runs once however many hosts start: what an admin removes does not come back. Where there are
-- queues already, nothing is added.
insert into roles(id, name, kind, created_at, updated_at) select 1000000001, 'Operators', 'functional', at, at from (
-- only sqlite
  select cast(strftime('%s', 'now') as bigint) * 1000 as at
-- only postgresql
  select cast(extract(epoch from now()) * 1000 as bigint) as at
-- both
) as present where not exists (select 1 from queues) on conflict do nothing;
insert into queues(id, name, rule, keep_open, created_at, updated_at) select 1000000002, 'All operators', 'broadcast', 0, created_at, created_at
  from roles where name = 'Operators' and not exists (select 1 from queues);
insert into queue_operators(queue, holder) select queues.id, roles.id from queues, roles where queues.id = 1000000002 and roles.name = 'Operators';
