-- Requests to a route of a profile: `integration` is then the profile's id, and whom its events concern shows when they are
-- applied.
alter table inbox add column of_profile bigint not null default 0;
