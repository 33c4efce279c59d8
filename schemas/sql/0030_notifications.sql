-- What people are told in the console (REC-5). `text`: Text::kept. `link`: a path of the console.
create table notifications(
  id bigint primary key,
  at bigint not null,
  kind text not null,
  text text not null,
  link text not null
);

-- Whom it concerns: a user, or everybody in a role.
create table notification_audience(
  holder bigint not null,
  notification bigint not null,
  primary key(holder, notification)
);
create index notification_audience_of on notification_audience(notification);

-- Who has read it.
create table notification_reads(
  reader bigint not null,
  notification bigint not null,
  primary key(reader, notification)
);
create index notification_reads_of on notification_reads(notification);
