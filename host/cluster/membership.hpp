#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "cluster/member.hpp"
#include "cluster/peers.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace patchbay::cluster {

// This host among those that share a PostgreSQL (OPS-8): all work, each for its partitions. A host that is
// not heard of for `dead_after` is declared dead by another one, and its partitions go to those that live. No
// clock is compared: each watches the others' beats by its own. Any thread.
class Membership final : public Peers {
 public:
  struct Options {
    Options() = default;
    Duration beat{1'000};
    Duration dead_after{6'000};
  };
  // All references outlive it.
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    store::Store& store;
    log::Logger logger;
    // Called on a thread of the host.
    std::function<void(Partitions)> gained = {};  // works for these from now on
    std::function<boost::asio::awaitable<void>(Partitions)> leaving =
        {};                                                   // does not any more when it returns
    std::function<boost::asio::awaitable<void>()> pass = {};  // looks for what other hosts have changed
    std::function<void()> lost = {};  // it has been declared dead: must end at once and write nothing more
  };

  // `joined`: of join_now().
  Membership(Parts parts, Member joined, Options options);
  Membership(Parts parts, Member joined);
  ~Membership() override;

  // Enters the host among the others, under a new id. `name` is the same over restarts: what a former life of
  // it held is its own again. Blocks. Throws what the store throws.
  static Member join_now(store::Store& store, std::string name, std::string version, TimePoint now);

  // Tells the others where it listens, and has its first partitions when it returns.
  boost::asio::awaitable<void> start(std::string address);
  // Takes nothing more, and gives nothing before stop(). Any thread.
  void quiesce();
  // Gives everything to the others. What it works on has ended before.
  boost::asio::awaitable<void> stop();

  // Tells the others which master keys it has (vault::rotate).
  boost::asio::awaitable<void> publish_keys(std::string keys);

  Id me() const override;
  const Owned& owned() const override;
  boost::asio::awaitable<Held> lock(Id integration) override;
  boost::asio::awaitable<void> settle() override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// The hosts on this store, for API and command line.
boost::asio::awaitable<std::vector<Member>> list_members(store::Store& store);

}  // namespace patchbay::cluster
