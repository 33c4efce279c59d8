-- What is done for an integration again and again. `lease` rises with every run and fences those before it; `due_at` is
-- null where nothing is planned; `touched` is 1 while the host that runs it has not seen what somebody else changed.
create table jobs(
  id bigint primary key,
  integration bigint not null references integrations(id) on delete cascade,
  name text not null,
  cause text not null,
  due_at bigint,
  paused_at bigint,
  touched bigint not null default 0,
  lease bigint not null default 0,
  run bigint,
  checkpoint text,
  checkpoint_at bigint,
  failures bigint not null default 0,
  unique(integration, name)
);
create index jobs_touched on jobs(id) where touched = 1;

-- outcome: running, done, more (goes on in another run), failed, limited (the provider asked for a pause), cancelled, lost.
create table job_runs(
  id bigint primary key,
  job bigint not null references jobs(id) on delete cascade,
  cause text not null,
  version text not null,
  started_at bigint not null,
  finished_at bigint,
  outcome text not null,
  code text not null default '',
  reason text not null default '',
  pages bigint not null default 0,
  records bigint not null default 0,
  known bigint not null default 0,
  refused bigint not null default 0,
  done bigint,
  total bigint
);
create index job_runs_by_job on job_runs(job, id);
