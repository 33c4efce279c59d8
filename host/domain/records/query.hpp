#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

#include "base/id.hpp"

namespace patchbay::domain::records {

// Which records are wanted (REC-2).
struct Query {
  // {"state": "new"}: that value; [..]: one of them; null: nothing; {"from", "above", "to", "below",
  // "starts"}: a range. Letters count the same in either case and
  // with any accent; of a list, one value suffices.
  nlohmann::json filter = nlohmann::json::object();
  std::string search;  // words, each of which a word of a searchable field begins with; 20 at most
  std::string order;   // a field's code, "updated_at" or "id"; "-" before it: the other way; empty: "id"
  std::string cursor;  // Listing::next of the page before
  std::size_t limit = 100;
};

}  // namespace patchbay::domain::records
