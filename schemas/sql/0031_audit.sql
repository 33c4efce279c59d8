-- The audit log: from where, how it is looked through, and that nothing in it changes (ACC-5).
alter table audit add column address text not null default '';
create index audit_by_actor on audit(actor, id);
create index audit_by_action on audit(action, id);

-- only sqlite
create trigger audit_is_not_changed before update on audit begin select raise(abort, 'the audit log is not changed'); end;
create trigger audit_is_not_removed before delete on audit begin select raise(abort, 'the audit log is not changed'); end;
-- only postgresql
create function audit_is_kept() returns trigger language plpgsql as $$ begin raise exception 'the audit log is not changed'; end $$;
create trigger audit_is_kept before update or delete on audit for each statement execute function audit_is_kept();
