-- When an administrator agreed that the routes of the integration which verify nothing are open to anybody.
alter table integrations add column consent_at bigint;
