#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/routing/routing.hpp"
#include "log/log.hpp"
#include "metrics/registry.hpp"
#include "store/store.hpp"

namespace patchbay::domain::routing {

// Who acts on a chat: an operator, or somebody who manages chats and need not own them.
struct Person {
  Person(Id id_, std::string name_, bool manages_ = false)
      : id(id_), name(std::move(name_)), manages(manages_) {}
  Id id;
  std::string name;  // as history shows it: "user:<login>"
  bool manages;
};

// What an operator sees of the chats that are his or could be.
struct Desk {
  bool available = false;  // as he set it, or a missed chat did
  bool present = false;
  std::vector<Chat> own;      // assigned to him or in progress with him, oldest first
  std::vector<Chat> offered;  // to him and others, oldest first; at most kOffered
  static constexpr std::size_t kOffered = 100;
};

// Whom chats can be transferred to (CHAT-16), by name.
struct Colleagues {
  struct One {
    Id id = 0;
    std::string name;
    Operator standing;
  };
  std::vector<std::pair<Id, std::string>> queues;
  std::vector<One> operators;  // who serve a queue
  std::size_t limit = 0;       // of chats that one has at a time (CHAT-7)
};

// The same in few words, for whoever tells him what changes. Sorted.
struct Sight {
  std::vector<Id> queues;  // whose waiting chats are offered to him
  std::vector<Id> own;     // chats

  bool operator==(const Sight&) const = default;
};

// Routing on a database, right on any number of hosts: every wish is one transaction that holds the rows it
// judges, and after each commit, and every half second, the queues that may have gained are distributed in
// transactions of their own. Any thread. Throws Error{not_found} for a chat that is none, Error{denied}
// "domain.routing.not_yours" for whom it is not, Error{conflict} for what came too late:
// "domain.routing.taken", ".ended", ".not_active", ".at_limit".
class Router {
 public:
  struct Parts {
    Parts(boost::asio::any_io_executor e, Clock& c, IdMint& i, store::Store& s, log::Logger l)
        : executor(std::move(e)), clock(c), ids(i), store(s), logger(std::move(l)) {}
    boost::asio::any_io_executor executor;
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    log::Logger logger;
    std::function<Terms()> terms = [] { return Terms(); };  // as they are now; any thread
    metrics::Metric accepted;  // seconds that a chat had waited, by queue (its id)
    metrics::Metric missed;    // offers, by queue
  };
  explicit Router(Parts parts);
  // stop() must have been awaited if start() was called.
  ~Router();

  // Distributes, until stop(): when woken, and every kSweep.
  void start();
  boost::asio::awaitable<void> stop();
  // Something was committed that may let a chat go on. Any thread; several are one.
  void wake();
  // One look at everything: what was missed, what was silent for too long, what waits. Throws what the store
  // throws.
  boost::asio::awaitable<void> look();

  boost::asio::awaitable<Desk> desk(Id who);
  boost::asio::awaitable<Sight> sight(Id who);
  boost::asio::awaitable<Colleagues> colleagues();
  // Whether an operator may read a chat: he has or had it, it is offered to him, or its client writes with
  // him in another one.
  boost::asio::awaitable<bool> may_read(Id chat, Id who);
  // In order, after `after`; nothing for a chat that is none.
  boost::asio::awaitable<std::vector<Change>> history(Id chat, Id after, std::size_t most);
  // CHAT-6. Whoever is not active gives back what he has not accepted.
  boost::asio::awaitable<void> set_available(Id who, bool available);
  // The operator's console lives: he is present for kPresence from now on.
  boost::asio::awaitable<void> be_present(Id who);
  // It does not any more.
  boost::asio::awaitable<void> be_absent(Id who);

  boost::asio::awaitable<Chat> accept(Id chat, Id who, std::string name);
  boost::asio::awaitable<Chat> finish(Id chat, Person by);
  boost::asio::awaitable<Chat> hand_back(Id chat, Person by, std::string note);
  boost::asio::awaitable<Chat> transfer_to_operator(Id chat, Id to, Person by, std::string note);
  boost::asio::awaitable<Chat> transfer_to_queue(Id chat, Id queue, Person by, std::string note);

  static constexpr Duration kSweep{500};
  static constexpr Duration kPresence{45'000};

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace patchbay::domain::routing
