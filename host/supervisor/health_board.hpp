#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "plugin/history.hpp"
#include "store/store.hpp"
#include "supervisor/fleet.hpp"

namespace patchbay::supervisor {

// What this host's integrations are like, for all hosts, and what became of them (HOST-8). Any thread.
class HealthBoard {
 public:
  // All references outlive it.
  struct Parts {
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    Fleet& fleet;
    std::string host;              // its name
    bool is_shared = false;        // whether other hosts look
    std::function<bool(Id)> owns;  // whether an integration is this host's
    log::Logger logger;
  };
  explicit HealthBoard(Parts parts);

  // For the history; returns at once. While the store is away the last ten thousand are kept.
  void note(Change change);
  // Writes, until cancelled.
  boost::asio::awaitable<void> run();
  // Writes what is left and takes this host's integrations off the board.
  boost::asio::awaitable<void> stop();

  struct Entry {
    Id integration;
    std::string json;  // of to_json()
  };
  // Of every host, by integration: this one's as they are, others' as they were some seconds ago (none while
  // the store is away).
  boost::asio::awaitable<std::vector<Entry>> all();
  // The newest first; `before`: 0 or the last id of the page before. Nothing: there is no such integration.
  boost::asio::awaitable<std::optional<std::vector<plugin::Happening>>> history(Id integration, Id before,
                                                                                std::int64_t limit);

 private:
  boost::asio::awaitable<std::vector<Entry>> mine();
  boost::asio::awaitable<std::vector<store::Row>> read_others();
  boost::asio::awaitable<void> write_history();
  boost::asio::awaitable<void> share();

  Parts parts_;
  plugin::History table_;
  std::mutex mutex_;
  std::vector<plugin::Happening> noted_;
};

}  // namespace patchbay::supervisor
