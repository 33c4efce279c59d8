#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "log/log.hpp"

namespace patchbay::store {

// One host at a time on one store, until several are supported. Held by the process, so it is free again at
// once when the process dies, however it dies: a locked file beside an SQLite database, an advisory lock on a
// connection of its own in PostgreSQL.
class HostLock {
 public:
  // The lock was lost together with its connection and another host has it now: this one must stop. Called at
  // most once, on a thread of the lock; must not destroy the lock.
  using OnTaken = std::function<void()>;

  // Blocks, at most for `patience`: a host that has just been killed may need a moment to be gone.
  // Throws Error{conflict} "store.second_host" when another host is there, Error{unavailable} when the
  // database is away.
  static std::unique_ptr<HostLock> acquire(const std::string& store_url, log::Logger logger, OnTaken on_taken,
                                           std::chrono::milliseconds patience = std::chrono::seconds(5));
  virtual ~HostLock() = default;
};

}  // namespace patchbay::store
