#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "cluster/owned.hpp"
#include "domain/chat/chats.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// Says what is said by itself: the welcome of a channel, that a queue is away (CHAT-32). What is to be said
// is a row that the transaction writes which lets a chat wait; it is said once, whoever crashes. Any thread.
class Greeter {
 public:
  struct Parts {
    Parts(boost::asio::any_io_executor e, Clock& c, store::Store& s, Chats& h, log::Logger l)
        : executor(std::move(e)), clock(c), store(s), chats(h), logger(std::move(l)) {}
    boost::asio::any_io_executor executor;
    Clock& clock;  // all of these outlive it
    store::Store& store;
    Chats& chats;
    log::Logger logger;
    const cluster::Owned* owned =
        nullptr;  // chats of other integrations are another host's; none: all are ours
  };
  explicit Greeter(Parts parts);
  // stop() must have been awaited if start() was called.
  ~Greeter();

  void start();
  boost::asio::awaitable<void> stop();
  // One look: what is to be said is said. What cannot be said now stays.
  boost::asio::awaitable<void> look();

  static constexpr Duration kSweep{1'000};

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace patchbay::domain::chat
