#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::hooks {

// A set of JSON Pointers (RFC 6901), looked up in one pass over a document's text, without building the
// document.
class JsonPaths {
 public:
  struct Node;

  // `stars`: whether "*" stands for every element of an array. Throws Error{invalid} naming a pointer that is
  // none.
  explicit JsonPaths(const std::vector<std::string>& pointers, bool stars = false);
  JsonPaths(JsonPaths&&) noexcept;
  ~JsonPaths();

  enum class Kind { string, number, boolean };
  // Hears of each scalar value at pointer number `index`; null and containers count as not there. False ends
  // the pass.
  using Found = std::function<bool(std::size_t index, std::string value, Kind kind)>;

  // Reads until told to stop, the end, or the first thing that is not JSON. Any bytes are safe.
  void scan(std::string_view text, const Found& found) const;

  // Whether `text` is JSON, some value stands at the (single) pointer, and so does one in every element on
  // the way: where the pointer could go on but has no value, or another kind than a string, the answer is no.
  // `equal` judges each value; one "no" is the answer.
  bool all_of(std::string_view text, const std::function<bool(const std::string&)>& equal) const;

 private:
  std::unique_ptr<Node> root_;
};

}  // namespace patchbay::hooks
