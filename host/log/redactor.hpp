#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace patchbay::log {

// Knows every live secret value and takes them out of whatever is about to be written. Any thread.
class Redactor {
 public:
  // Counts: a value added twice must be removed twice. Values under 6 bytes are refused silently: they would
  // blot out ordinary words.
  void add(std::string_view secret);
  void remove(std::string_view secret);
  // Each occurrence, also URL-encoded, becomes "[secret]".
  std::string redact(std::string_view text) const;

 private:
  // Longer ones first: one that holds another goes as a whole.
  struct Longer {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };

  mutable std::mutex mutex_;
  std::map<std::string, int, Longer> secrets_;
};

}  // namespace patchbay::log
