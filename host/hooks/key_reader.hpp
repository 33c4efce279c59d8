#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hooks/json_paths.hpp"
#include "hooks/request.hpp"

namespace patchbay::hooks {

// Reads from a request what must stay in order (a conversation) and what makes it unique, on arrival: the
// first of each list that exists wins. Sources: JSON Pointers into the body, "form:<field>", "query:<field>",
// "header:<name>". Values of more than 200 bytes are replaced by their digest, so that they fit an index.
// Immutable; any thread.
class KeyReader {
 public:
  // Throws Error{invalid} naming a source that is none.
  KeyReader(std::vector<std::string> order, std::vector<std::string> dedupe);

  struct Keys {
    std::optional<std::string> order;
    std::optional<std::string> dedupe;
  };
  Keys read(const Request& request) const;

  // Whether an order was declared at all. Without one the whole integration is one lane, which nobody may
  // hold up.
  bool has_order() const { return order_count_ > 0; }

 private:
  std::vector<std::string> sources_;  // order first, then dedupe
  std::size_t order_count_;
  std::vector<std::size_t> pointers_;  // which sources are JSON Pointers
  JsonPaths paths_;
};

}  // namespace patchbay::hooks
