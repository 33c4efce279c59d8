#include "hooks/impl/inbox_sql.hpp"

namespace patchbay::hooks {

namespace {

constexpr std::int64_t kMostBytes = 1 << 20;
// Columns of inbox_insert().
constexpr std::size_t kRequest = 6;
constexpr std::size_t kBody = 7;
constexpr std::size_t kTrace = 9;

}  // namespace

store::BulkInsert inbox_insert() {
  using Type = store::ColumnType;
  return store::BulkInsert("inbox",
                           {{"id", Type::integer},
                            {"integration", Type::integer},
                            {"plugin", Type::text},
                            {"route", Type::text},
                            {"lane", Type::text},
                            {"dedupe_key", Type::text},
                            {"request", Type::text},
                            {"body", Type::bytes},
                            {"received_at", Type::integer},
                            {"trace", Type::text},
                            {"verdict", Type::text},
                            {"of_profile", Type::integer}},
                           "dedupe_key, route, integration");
}

void lend_row(store::BulkInsert& rows, InboxRow& row) {
  store::Values values;
  values.reserve(rows.columns().size());
  auto verdict = row.verdict;  // copies come first: what has been moved would be lost when one fails
  values.emplace_back(row.id);
  values.emplace_back(row.integration);
  values.emplace_back(row.plugin);
  values.emplace_back(row.route);
  values.emplace_back(row.lane);
  values.push_back(store::nullable(row.dedupe_key));
  values.emplace_back(std::move(row.request));
  values.emplace_back(store::Bytes(std::move(row.body)));
  values.emplace_back(row.received_at);
  values.emplace_back(std::move(row.trace));
  values.emplace_back(std::move(verdict));
  values.emplace_back(std::int64_t{row.of_profile});
  rows.add(std::move(values));
}

void take_back(store::BulkInsert& rows, std::size_t number, InboxRow& row) {
  row.request = std::get<std::string>(std::move(rows.at(number, kRequest)));
  row.body = std::get<store::Bytes>(std::move(rows.at(number, kBody))).data;
  row.trace = std::get<std::string>(std::move(rows.at(number, kTrace)));
}

InboxRow inbox_row(const store::Row& row) {
  InboxRow out;
  out.id = row.integer(0);
  out.integration = row.integer(1);
  out.plugin = row.text(2);
  out.route = row.text(3);
  out.lane = row.text(4);
  out.dedupe_key = row.maybe_text(5);
  out.request = row.text(6);
  if (!row.is_null(7)) out.body = row.bytes(7);
  out.received_at = row.integer(8);
  out.trace = row.text(9);
  out.verdict = row.text(10);
  out.attempts = row.integer(11);
  out.not_before = row.integer(12);
  out.of_profile = row.integer(13) != 0;
  return out;
}

Oldest oldest_open(store::Session& session, const std::pair<Id, std::string>& lane, std::int64_t now,
                   std::int64_t most) {
  // In one pass: inbox_open holds the open rows of the other lanes too. The row that is too much comes along.
  const std::string columns(kInboxColumns);
  const auto found = session.query(
      "select " + columns + ", bytes from (select " + columns +
          ", cast(sum(length(body)) over (order by id rows unbounded preceding) as bigint) as bytes from "
          "inbox where state = 'new' and integration = :integration and lane = :lane and not_before <= :now "
          "order by id limit :most) as rows_of_lane where bytes - length(body) <= :bytes order by id",
      {lane.first, lane.second, now, most, kMostBytes});
  Oldest oldest;
  for (const auto& row : found) {
    if (!oldest.rows.empty() && row.integer(kInboxColumnCount) > kMostBytes) return oldest;
    oldest.rows.push_back(inbox_row(row));
  }
  oldest.all = found.size() < static_cast<std::size_t>(most) &&
               (found.empty() || found.back().integer(kInboxColumnCount) <= kMostBytes);
  return oldest;
}

}  // namespace patchbay::hooks
