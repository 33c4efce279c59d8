#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "domain/journal/journal.hpp"
#include "live/topics.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace patchbay::live {

// Lines of the journal after a place.
struct Lines {
  bool reset = false;      // some are not kept any more, or the place is none: it goes on at `after`
  std::int64_t after = 0;  // the place after which `lines` begin
  std::vector<std::shared_ptr<const domain::journal::Line>> lines;
};

// The journal of the domain as it is followed on this host: gives places to what was written, keeps the
// newest lines in memory, so that a thousand readers read them once, and forgets what is old. Any thread.
class Feed {
 public:
  struct Options {
    Options() = default;
    Duration look{500};             // how often it looks without being woken
    Duration rest{20};              // between two looks, so that many commits share one
    Duration keep{24 * 3'600'000};  // a line, at least
    Duration tidy{300'000};         // how often old ones are swept
    std::size_t in_memory = 4'096;  // lines
  };

  // All outlive it. It listens for the store's word.
  Feed(boost::asio::any_io_executor executor, Clock& clock, store::Store& store, Topics& topics,
       log::Logger logger, Options options);
  Feed(boost::asio::any_io_executor executor, Clock& clock, store::Store& store, Topics& topics,
       log::Logger logger);
  // stop() must have been awaited if start() was called.
  ~Feed();

  // `placed` hears when this host gave places, on some thread: others may wish to look. Before start().
  void on_placed(std::function<void()> placed);
  boost::asio::awaitable<void> start();
  boost::asio::awaitable<void> stop();
  // There may be something new, here or from another host.
  void wake();

  // The newest place that this host has seen.
  std::int64_t last() const;
  // At most `most` lines after a place. Throws what the store throws.
  boost::asio::awaitable<Lines> read(std::int64_t place, std::size_t most) const;
  // Whoever subscribes to this topic is told of new lines.
  static Topic topic();

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace patchbay::live
