#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/subscriptions/subscription.hpp"
#include "log/log.hpp"
#include "net/http.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::domain::subscriptions {

// The secret with which deliveries are signed. Shown once, to whoever made it.
struct MadeSubscription {
  Subscription subscription;
  std::string secret;
};

struct ShownDelivery {
  Delivery delivery;
  std::string body;  // what is sent, JSON; empty: it is not kept any more
};

// Which deliveries of a subscription are to be made once more. Unix milliseconds.
struct Replay {
  bool delivered = false;  // not only those that are dead
  std::int64_t from = 0;   // what happened from then on
  std::int64_t until = 0;  // and before; 0: until now
};

// What this host did since it started, for metrics. Any thread.
struct Counters {
  std::atomic<std::uint64_t> events{0};
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> failed{0};  // tries
  std::atomic<std::uint64_t> dead{0};    // deliveries
};

// Outgoing events (REC-4): the journal becomes deliveries to whoever subscribes, and those are made at least
// once, each time with the same webhook-id. Any thread; what Parts refers to outlives it.
class Subscriptions {
 public:
  struct Parts {
    Parts(boost::asio::any_io_executor e, Clock& c, IdMint& i, store::Store& s, log::Logger l)
        : executor(std::move(e)), clock(c), ids(i), store(s), logger(std::move(l)) {}
    boost::asio::any_io_executor executor;
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    log::Logger logger;
    vault::Vault* vault = nullptr;
    net::HttpClient* http = nullptr;
    std::function<std::vector<std::string>()> opened;  // what egress.allow opens (net/egress.hpp)
  };
  explicit Subscriptions(Parts parts);
  ~Subscriptions();

  boost::asio::awaitable<void> start();
  boost::asio::awaitable<void> stop();
  // The journal may have something new; otherwise it is found within a second.
  void wake();
  // One look, to its end, and one sweep of what is old: for tests.
  boost::asio::awaitable<void> look();
  boost::asio::awaitable<void> tidy();
  const Counters& counters() const;

  // By id.
  boost::asio::awaitable<std::vector<Subscription>> list();
  // Throws Error{not_found}. Here and below.
  boost::asio::awaitable<Subscription> get(Id id);
  // `document` as to_json() makes it. Throw Error{invalid}, Error{conflict}; a `version` that is given must
  // be the present one. Each change is in the audit log. Who is switched on is told what happens from then
  // on.
  boost::asio::awaitable<MadeSubscription> create(nlohmann::json document, store::Actor who);
  boost::asio::awaitable<Subscription> change(Id id, nlohmann::json change,
                                              std::optional<std::int64_t> version, store::Actor who);
  // With its deliveries.
  boost::asio::awaitable<void> remove(Id id, std::optional<std::int64_t> version, store::Actor who);
  // A new secret; what is sent is signed with the former one too for a day.
  boost::asio::awaitable<MadeSubscription> renew_secret(Id id, store::Actor who);
  // Tells it a "subscription.test". Error{conflict} for one that is off.
  boost::asio::awaitable<Delivery> test(Id id, store::Actor who);

  // Of a state, where one is given; the newest first, before `before` (0: from the newest).
  boost::asio::awaitable<std::vector<Delivery>> deliveries(Id subscription, std::string state, Id before,
                                                           std::size_t limit);
  boost::asio::awaitable<ShownDelivery> delivery(Id id);
  // Made once more, from the beginning. Error{conflict} for one that is under way or not kept any more.
  boost::asio::awaitable<Delivery> replay(Id delivery, store::Actor who);
  // How many there were.
  boost::asio::awaitable<std::int64_t> replay_all(Id subscription, Replay which, store::Actor who);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::domain::subscriptions
