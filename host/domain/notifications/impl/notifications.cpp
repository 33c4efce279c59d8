#include "domain/notifications/notifications.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "domain/access/people.hpp"
#include "domain/journal/journal.hpp"

namespace patchbay::domain::notifications {

namespace asio = boost::asio;

namespace {

// Those of a user, who is :reader.
#define PB_OWN                                                                                               \
  "notifications.id in (select notification from notification_audience where holder = :reader or holder in " \
  "("                                                                                                        \
  "with recursive mine(id) as (select role from role_members where member = :reader union select "           \
  "roles.parent from roles join mine on roles.id = mine.id where roles.parent is not null) select id from "  \
  "mine)) "
#define PB_UNREAD                                                                           \
  "not exists (select 1 from notification_reads where notification = notifications.id and " \
  "reader = :reader) "

std::vector<Notification> notifications_of(const std::vector<store::Row>& rows) {
  std::vector<Notification> all;
  for (const auto& row : rows) {
    Notification one;
    one.id = row.integer(0);
    one.at = row.integer(1);
    one.kind = row.text(2);
    one.text = row.text(3);
    one.link = row.text(4);
    one.read = row.integer(5) != 0;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

void notify_in(store::Session& session, IdMint& ids, TimePoint now, const std::vector<Id>& audience,
               const Notice& notice) {
  if (audience.empty()) return;
  const auto id = ids.next();
  session.later("insert into notifications(id, at, kind, text, link) values (:id, :at, :kind, :text, :link)",
                {id, now.time_since_epoch().count(), notice.kind, notice.text.kept(), notice.link});
  std::vector<journal::Entry> entries;
  for (const auto holder : audience) {
    session.later(
        "insert into notification_audience(holder, notification) values (:holder, :id) on conflict do "
        "nothing",
        {holder, id});
    journal::Entry entry("notification.created", id);
    entry.audience = holder;
    entries.push_back(std::move(entry));
  }
  journal::write(session, ids, now, entries);
}

std::vector<Id> who_may(store::Session& session, const std::string& operation) {
  std::vector<Id> holders;
  for (const auto& row : session.query(
           "select holder from operation_grants where operation = :operation order by holder", {operation}))
    holders.push_back(row.integer(0));
  return holders;
}

std::int64_t sweep(store::Session& session, TimePoint before, std::int64_t most) {
  const auto old = session.query("select id from notifications where id < :before order by id limit :most",
                                 {first_id_at(before), most});
  for (const auto& row : old) {
    const auto id = row.integer(0);
    session.later("delete from notification_audience where notification = :id", {id});
    session.later("delete from notification_reads where notification = :id", {id});
    session.later("delete from notifications where id = :id", {id});
  }
  return static_cast<std::int64_t>(old.size());
}

asio::awaitable<std::vector<Notification>> Notifications::list(Id user, bool unread_only, Id before,
                                                               std::size_t limit) {
  auto work = [=](store::Session& session) {
    const auto until = before == 0 ? std::numeric_limits<Id>::max() : before;
    return notifications_of(session.query(
        "select id, at, kind, text, link, case when " PB_UNREAD
        "then 0 else 1 end from notifications where " PB_OWN
        "and id < :until and (cast(:all as bigint) = 1 or " PB_UNREAD ") order by id desc limit :most",
        {user, until, static_cast<std::int64_t>(!unread_only), static_cast<std::int64_t>(limit)}));
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<std::int64_t> Notifications::unread(Id user) {
  auto work = [=](store::Session& session) {
    return session
        .query_one("select cast(count(*) as bigint) from notifications where " PB_OWN "and " PB_UNREAD,
                   {user})
        ->integer(0);
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<void> Notifications::mark_read(Id user, Id notification) {
  auto work = [=](store::Session& session) {
    if (!session.query_one("select id from notifications where " PB_OWN "and id = :id", {user, notification}))
      throw Error(Code::not_found, Text("domain.notifications.none", {{"id", to_string_id(notification)}}));
    session.exec(
        "insert into notification_reads(reader, notification) values (:reader, :id) on conflict do nothing",
        {user, notification});
  };
  co_await store_.write(std::move(work));
}

asio::awaitable<void> Notifications::mark_all_read(Id user, Id until) {
  auto work = [=](store::Session& session) {
    session.exec(
        "insert into notification_reads(reader, notification) select cast(:reader as bigint), id from "
        "notifications where " PB_OWN "and id <= :until and " PB_UNREAD " on conflict do nothing",
        {user, until == 0 ? std::numeric_limits<Id>::max() : until});
  };
  co_await store_.write(std::move(work));
}

asio::awaitable<std::vector<Id>> Notifications::holders_of(Id user) {
  auto work = [=](store::Session& session) {
    auto holders = access::People(session).roles_of(user);
    holders.push_back(user);
    std::sort(holders.begin(), holders.end());
    return holders;
  };
  co_return co_await store_.read(std::move(work));
}

}  // namespace patchbay::domain::notifications
