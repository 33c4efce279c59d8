-- A plugin without a row in plugin_choices was found and is not enabled: nothing of it runs. What was in use before counts
-- as enabled.
insert into plugin_choices(plugin, version, disabled, chosen_at, chosen_by)
select plugin, '', 0, min(created_at), 'upgrade' from (
  select plugin, created_at from integrations union all select plugin, created_at from profiles) as used
where plugin not in (select plugin from plugin_choices) group by plugin;

-- The name under which files of the configuration declare a profile.
alter table profiles add column declared text;

-- What is kept for an integration without anybody having use for it is counted.
create index blobs_by_integration on blobs(integration);
create index inbox_dead_of on inbox(integration) where state = 'dead';
