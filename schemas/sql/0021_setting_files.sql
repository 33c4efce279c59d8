-- The file of a setting that is one; the sweep of files spares it.
alter table setting_values add column blob bigint references blobs(id);
