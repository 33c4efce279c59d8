#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/store.hpp"

namespace patchbay::domain::chat {

// What a batch of events will ask for, read for all of them together: a round trip for the batch instead of
// one for each event. An answer serves once, whoever asks again asks the store, which then knows what the
// batch has written.
class Ahead {
 public:
  // Statements that are asked with the same values twice are read once.
  void read(store::Session& session, std::string_view sql, std::vector<store::Values> all);
  // What was read ahead, else what the store says now.
  std::vector<store::Row> query(store::Session& session, std::string_view sql, store::Values values);
  std::optional<store::Row> query_one(store::Session& session, std::string_view sql, store::Values values);
  // Something was written that what was read ahead may not show.
  void forget() { read_.clear(); }

 private:
  std::unordered_map<std::string, std::vector<store::Row>> read_;  // by statement and values
};

}  // namespace patchbay::domain::chat
