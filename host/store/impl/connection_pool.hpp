#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "store/impl/connection.hpp"

namespace patchbay::store {

// A fixed number of connections, lent first come, first served, so that a busy thread cannot starve another.
// Any thread.
class ConnectionPool {
 public:
  // Gives its connection back when it goes.
  class Lease {
   public:
    explicit Lease(ConnectionPool& pool) : pool_(pool), connection_(pool.take()) {}
    ~Lease() { pool_.give_back(connection_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& operator*() const { return *connection_; }

   private:
    ConnectionPool& pool_;
    Connection* connection_;
  };

  ConnectionPool(std::size_t size, const std::function<std::unique_ptr<Connection>()>& make);

 private:
  struct Waiter {
    std::condition_variable ready;
    Connection* given = nullptr;
  };

  Connection* take();
  void give_back(Connection* connection);

  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> all_;
  std::vector<Connection*> free_;
  std::list<Waiter*> waiting_;
};

}  // namespace patchbay::store
