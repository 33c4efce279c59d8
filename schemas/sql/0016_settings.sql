-- System settings that are not as they come; value is JSON.
create table setting_values(
  code text not null primary key,
  value text not null,
  updated_at bigint not null,
  updated_by text not null
);
