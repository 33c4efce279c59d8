-- The shape of settings and checkpoints, as the plugin counts (setup.version in its manifest), and what an administrator
-- should know, as JSON.
alter table integrations add column setup_version bigint not null default 1;
alter table integrations add column notice text not null default '';

-- What an integration had before its plugin was upgraded, to go back to.
create table integration_copies(
  integration bigint primary key references integrations(id) on delete cascade,
  version text not null,
  setup_version bigint not null,
  settings text not null,
  checkpoints text not null,
  made_at bigint not null
);

-- What an administrator said about a plugin: which version runs (empty: the newest), and whether any does.
create table plugin_choices(
  plugin text primary key,
  version text not null,
  disabled bigint not null,
  chosen_at bigint not null,
  chosen_by text not null
);
