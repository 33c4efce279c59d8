#include "hooks/impl/inbox_sql.hpp"

namespace patchbay::hooks {

namespace {

constexpr std::int64_t kMostBytes = 1 << 20;

}  // namespace

store::BulkInsert inbox_insert() {
  using Type = store::ColumnType;
  return store::BulkInsert("inbox", {{"id", Type::integer},
                                     {"integration", Type::integer},
                                     {"plugin", Type::text},
                                     {"route", Type::text},
                                     {"lane", Type::text},
                                     {"dedupe_key", Type::text},
                                     {"method", Type::text},
                                     {"path", Type::text},
                                     {"query", Type::text},
                                     {"headers", Type::text},
                                     {"body", Type::bytes},
                                     {"received_at", Type::integer},
                                     {"trace", Type::text},
                                     {"verdict", Type::text}});
}

void add_row(store::BulkInsert& rows, const InboxRow& row) {
  rows.add({row.id, row.integration, row.plugin, row.route, row.lane, store::nullable(row.dedupe_key),
            row.method, row.path, row.query, row.headers, store::Bytes(row.body), row.received_at, row.trace,
            row.verdict});
}

InboxRow inbox_row(const store::Row& row) {
  InboxRow out;
  out.id = row.integer(0);
  out.integration = row.integer(1);
  out.plugin = row.text(2);
  out.route = row.text(3);
  out.lane = row.text(4);
  out.dedupe_key = row.maybe_text(5);
  out.method = row.text(6);
  out.path = row.text(7);
  out.query = row.text(8);
  out.headers = row.text(9);
  if (!row.is_null(10)) out.body = row.bytes(10);
  out.received_at = row.integer(11);
  out.trace = row.text(12);
  out.verdict = row.text(13);
  out.attempts = row.integer(14);
  out.not_before = row.integer(15);
  return out;
}

Oldest oldest_open(store::Session& session, const std::pair<Id, std::string>& lane, std::int64_t now,
                   std::int64_t most) {
  Oldest oldest;
  const auto sizes = session.query(
      "select id, cast(length(body) as bigint) from inbox where state = 'new' and integration = :integration "
      "and lane = :lane and not_before <= :now order by id limit :most",
      {lane.first, lane.second, now, most});
  std::size_t count = 0;
  for (std::int64_t bytes = 0; count < sizes.size(); ++count) {
    bytes += sizes[count].integer(1);
    if (count > 0 && bytes > kMostBytes) break;
  }
  oldest.all = count == sizes.size() && count < static_cast<std::size_t>(most);
  if (count == 0) return oldest;
  const auto sql = "select " + std::string(kInboxColumns) +
                   " from inbox where state = 'new' and integration = :integration and lane = :lane and "
                   "not_before <= :now and id <= :last order by id";
  for (const auto& row : session.query(sql, {lane.first, lane.second, now, sizes[count - 1].integer(0)}))
    oldest.rows.push_back(inbox_row(row));
  return oldest;
}

}  // namespace patchbay::hooks
