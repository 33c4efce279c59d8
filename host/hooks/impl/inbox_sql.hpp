#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hooks/inbox_row.hpp"
#include "store/bulk_insert.hpp"
#include "store/store.hpp"

namespace patchbay::hooks {

// Rows as they are inserted and read back: one order of columns for both.
store::BulkInsert inbox_insert();
// Lends the long texts of `row` instead of copying them: take_back() returns them, whatever became of the
// insert.
void lend_row(store::BulkInsert& rows, InboxRow& row);
void take_back(store::BulkInsert& rows, std::size_t number, InboxRow& row);

inline constexpr std::string_view kInboxColumns =
    "id, integration, plugin, route, lane, dedupe_key, request, body, received_at, trace, verdict, attempts, "
    "not_before, of_profile";
// How many those are: what a select adds stands behind.
inline constexpr std::size_t kInboxColumnCount = 14;
InboxRow inbox_row(const store::Row& row);

// Ends an update of one row that has to be open. Not `state = 'new'`: where the inbox was worked off when it
// was last analysed, PostgreSQL takes inbox_open for empty and walks through the whole of it, instead of
// going by the id.
inline constexpr std::string_view kIfOpen = "where id = :id and finished_at is null";

// The oldest open rows of a lane that may be taken at `now`: at most `most`, and no more than a MiB together
// unless one alone is larger.
struct Oldest {
  std::vector<InboxRow> rows;
  bool all = false;  // there were no more
};
Oldest oldest_open(store::Session& session, const std::pair<Id, std::string>& lane, std::int64_t now,
                   std::int64_t most);

}  // namespace patchbay::hooks
