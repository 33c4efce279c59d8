#pragma once

#include <functional>
#include <memory>
#include <string>

#include "log/log.hpp"

namespace patchbay::store {

// Words among the hosts on one PostgreSQL (LISTEN and NOTIFY), over a connection of its own. A word is a hint
// and no more: it may get lost while the connection is made anew, or where a pooler stands in between, so
// whoever acts on one also looks by himself.
class Notices {
 public:
  using Heard = std::function<void(const std::string& word)>;

  // `url`: as in Store::Options, of PostgreSQL. `heard`: words of other hosts, on a thread of its own, until
  // the end; returns at once. Does not wait for the connection.
  Notices(const std::string& url, Heard heard, log::Logger logger);
  ~Notices();
  Notices(const Notices&) = delete;
  Notices& operator=(const Notices&) = delete;

  // Any thread; never blocks. `word`: 30 letters at most, no comma. However often within 20 ms, it is said
  // once.
  void say(std::string word);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::store
