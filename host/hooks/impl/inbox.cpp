#include "hooks/inbox.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "hooks/events.hpp"
#include "hooks/impl/inbox_sql.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kListColumns =
    "id, integration, plugin, route, lane, dedupe_key, request, null, received_at, trace, verdict, attempts, "
    "not_before, of_profile";

std::string select(std::string_view columns) {
  return "select " + std::string(columns) + ", state, reason, effect, finished_at from inbox ";
}

InboxEntry entry_of(const store::Row& row) {
  InboxEntry entry;
  entry.row = inbox_row(row);
  entry.state = row.text(kInboxColumnCount);
  entry.reason = row.maybe_text(kInboxColumnCount + 1).value_or("");
  entry.effect = row.maybe_text(kInboxColumnCount + 2).value_or("");
  entry.finished_at = row.maybe_integer(kInboxColumnCount + 3).value_or(0);
  return entry;
}

std::int64_t ms(TimePoint time) {
  return time.time_since_epoch().count();
}

}  // namespace

std::vector<InboxRow> insert_rows(store::Session& session, IdMint& mint, std::vector<InboxRow> rows) {
  if (rows.empty()) return rows;
  auto insert = inbox_insert();
  for (auto& row : rows) {
    row.id = mint.next();
    lend_row(insert, row);
  }
  const auto inserted = session.insert_new(insert);
  for (std::size_t i = 0; i < rows.size(); ++i) take_back(insert, i, rows[i]);
  std::erase_if(rows, [&](const InboxRow& row) {
    return std::find(inserted.begin(), inserted.end(), row.id) == inserted.end();
  });
  return rows;
}

std::int64_t open_bytes(store::Session& session, Id integration, std::int64_t each) {
  std::int64_t bytes = 0;
  // One by one: each has an index of its own.
  for (const std::string state : {"new", "dead"}) {
    const auto row = session.query_one(
        "select cast(coalesce(sum(length(body) + :each), 0) as bigint) from inbox where integration = :i and "
        "state = '" +
            state + "'",
        {each, integration});
    bytes += row->integer(0);
  }
  return bytes;
}

void insert_refused(store::Session& session, IdMint& mint, const RefusedEvent& refused) {
  InboxRow row;
  row.integration = refused.integration;
  row.plugin = refused.plugin;
  row.dedupe_key = refused.event.dedupe_key;
  row.body = events_text({refused.event});
  row.received_at = refused.at;
  row.trace = refused.event.trace;
  row.verdict = kEmitted;
  std::vector<InboxRow> rows;
  rows.push_back(std::move(row));
  for (const auto& kept : insert_rows(session, mint, std::move(rows))) {
    session.exec(
        "update inbox set state = 'dead', attempts = 1, finished_at = :at, reason = :reason where id = :id",
        {refused.at, refused.reason, kept.id});
  }
}

Inbox::Inbox(store::Store& store, const Clock& clock, std::function<void()> wake)
    : store_(store), clock_(clock), wake_(std::move(wake)) {}

asio::awaitable<std::vector<InboxEntry>> Inbox::list(Filter filter) {
  auto query = [filter = std::move(filter)](store::Session& session) {
    std::string sql = select(kListColumns) + "where id > :after";
    store::Values values{filter.after};
    // Written out, so that the partial index of a state serves it.
    if (filter.state == "new" || filter.state == "dead" || filter.state == "done") {
      sql += " and state = '" + filter.state + "'";
    } else if (!filter.state.empty()) {
      return std::vector<InboxEntry>();
    }
    if (filter.integration) {
      sql += " and integration = :integration";
      values.emplace_back(*filter.integration);
    }
    if (!filter.trace.empty()) {
      sql += " and substr(trace, 4, 32) = :trace";
      values.emplace_back(filter.trace);
    }
    values.emplace_back(filter.limit);
    std::vector<InboxEntry> entries;
    for (const auto& row : session.query(sql + " order by id limit :most", values))
      entries.push_back(entry_of(row));
    return entries;
  };
  auto reading = store_.read(std::move(query));
  co_return co_await std::move(reading);
}

asio::awaitable<std::optional<InboxEntry>> Inbox::get(Id id) {
  auto query = [id](store::Session& session) {
    const auto row = session.query_one(select(kInboxColumns) + "where id = :id", {id});
    return row ? std::optional(entry_of(*row)) : std::nullopt;
  };
  auto reading = store_.read(std::move(query));
  co_return co_await std::move(reading);
}

asio::awaitable<bool> Inbox::replay(Id id) {
  auto work = [id](store::Session& session) {
    return session.exec(
               "update inbox set state = 'new', attempts = 0, not_before = 0, reason = null, finished_at = "
               "null "
               "where id = :id and state <> 'new'",
               {id}) > 0;
  };
  auto writing = store_.write(std::move(work));
  const bool opened = co_await std::move(writing);
  if (opened) woken();
  co_return opened;
}

asio::awaitable<std::int64_t> Inbox::replay_period(std::optional<Id> integration, TimePoint from,
                                                   TimePoint to) {
  auto work = [integration, from = ms(from), to = ms(to)](store::Session& session) {
    std::string sql =
        "update inbox set state = 'new', attempts = 0, not_before = 0, reason = null, finished_at = null "
        "where state = 'dead' and received_at >= :from and received_at < :to";
    store::Values values{from, to};
    if (integration) {
      sql += " and integration = :integration";
      values.emplace_back(*integration);
    }
    return session.exec(sql, values);
  };
  auto writing = store_.write(std::move(work));
  const auto opened = co_await std::move(writing);
  if (opened > 0) woken();
  co_return opened;
}

asio::awaitable<bool> Inbox::discard(Id id, std::string who) {
  auto work = [id, reason = Text("hooks.discarded", {{"who", who}}).kept(),
               now = ms(clock_.now())](store::Session& session) {
    return session.exec(
               "update inbox set state = 'done', reason = :reason, finished_at = :now "
               "where id = :id and state <> 'done'",
               {reason, now, id}) > 0;
  };
  auto writing = store_.write(std::move(work));
  co_return co_await std::move(writing);
}

asio::awaitable<std::int64_t> Inbox::remove_done(TimePoint before, std::int64_t most) {
  auto work = [before, most](store::Session& session) {
    // By id, which no further index is needed for.
    return session.exec(
        "delete from inbox where id in (select id from inbox where id < :floor and state = 'done' "
        "and finished_at < :before order by id limit :most)",
        {first_id_at(before), ms(before), most});
  };
  auto writing = store_.write(std::move(work));
  co_return co_await std::move(writing);
}

}  // namespace patchbay::hooks
