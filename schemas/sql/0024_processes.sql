-- Processes that call an address, and the runs of all (REC-3).
create table processes(
  code text not null primary key,
  id bigint not null unique,
  version bigint not null,
  definition text not null
);

-- state: queued, running, done, failed. A host that runs one has its lease until then.
create table process_runs(
  id bigint primary key,
  process text not null,
  state text not null,
  parameters text not null,
  result text,
  error text,
  attempts bigint not null,
  not_before bigint not null,
  lease bigint not null,
  lease_until bigint not null,
  started_by text not null,
  created_at bigint not null,
  finished_at bigint
);
create index process_runs_due on process_runs(not_before, id) where state = 'queued';
create index process_runs_leased on process_runs(lease_until) where state = 'running';
create index process_runs_of on process_runs(process, id);
