#include "hooks/impl/inbox_sql.hpp"

namespace patchbay::hooks {

store::BulkInsert inbox_insert() {
  using Type = store::ColumnType;
  return store::BulkInsert("inbox", {{"id", Type::integer},
                                     {"integration", Type::integer},
                                     {"plugin", Type::text},
                                     {"route", Type::text},
                                     {"lane", Type::text},
                                     {"dedupe_key", Type::text},
                                     {"request", Type::text},
                                     {"body", Type::bytes},
                                     {"received_at", Type::integer},
                                     {"trace", Type::text},
                                     {"verdict", Type::text}});
}

void add_row(store::BulkInsert& rows, const InboxRow& row) {
  store::Values values;
  values.reserve(rows.columns().size());
  values.emplace_back(row.id);
  values.emplace_back(row.integration);
  values.emplace_back(row.plugin);
  values.emplace_back(row.route);
  values.emplace_back(row.lane);
  values.push_back(store::nullable(row.dedupe_key));
  values.emplace_back(row.request);
  values.emplace_back(store::Bytes(row.body));
  values.emplace_back(row.received_at);
  values.emplace_back(row.trace);
  values.emplace_back(row.verdict);
  rows.add(std::move(values));
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
  return out;
}

}  // namespace patchbay::hooks
