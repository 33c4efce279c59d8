#pragma once

#include <memory>

#include <boost/asio/awaitable.hpp>

#include "base/id.hpp"
#include "cluster/owned.hpp"

namespace patchbay::cluster {

// The other hosts, as seen by whoever must not be in their way. Any thread.
class Peers {
 public:
  // Held until destroyed.
  using Held = std::shared_ptr<void>;

  virtual ~Peers() = default;
  // This host's id, which rows that it writes carry.
  virtual Id me() const = 0;
  virtual const Owned& owned() const = 0;
  // Waits until no other host holds the lock of this integration. Cancellable.
  virtual boost::asio::awaitable<Held> lock(Id integration) = 0;
  // Waits until every living host has seen what was committed before the call (HOOK-4): a few seconds at
  // most, since those that do not answer are dead by then.
  virtual boost::asio::awaitable<void> settle() = 0;
};

// There are none.
class Alone final : public Peers {
 public:
  Id me() const override { return 0; }
  const Owned& owned() const override { return owned_; }
  boost::asio::awaitable<Held> lock(Id) override { co_return Held(); }
  boost::asio::awaitable<void> settle() override { co_return; }

 private:
  Owned owned_;
};

}  // namespace patchbay::cluster
