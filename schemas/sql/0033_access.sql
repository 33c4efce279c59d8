-- Runs are listed by who started them, those that failed by themselves, and the old ones are taken away.
create index process_runs_by on process_runs(started_by, id);
create index process_runs_failed on process_runs(id) where state = 'failed';
create index process_runs_finished on process_runs(finished_at) where finished_at is not null;
