#include "domain/calls/lookout.hpp"

#include <utility>

#include <boost/asio/post.hpp>

#include "base/failure.hpp"

namespace patchbay::domain::calls {

namespace asio = boost::asio;

namespace {

constexpr Duration kSweep{1'000};

}  // namespace

Lookout::Lookout(std::string n, asio::any_io_executor executor, Clock& c, log::Logger l)
    : name(std::move(n)),
      clock(c),
      logger(std::move(l)),
      strand(asio::make_strand(executor)),
      scope(std::move(executor), [this](const std::string& task, std::exception_ptr error) {
        logger.error(name + ": a task failed", {{"task", task}, {"error", words_of(error)}});
      }) {}

Lookout::~Lookout() = default;

void Lookout::wake() {
  asio::post(strand, [self = weak_from_this()] {
    if (const auto lookout = self.lock()) lookout->look_soon();
  });
}

void Lookout::look_soon() {
  wanted_ = true;
  if (looking_) return;
  looking_ = true;
  scope.spawn_on(strand, name, look_while_wanted());
}

asio::awaitable<void> Lookout::look_while_wanted() {
  while (std::exchange(wanted_, false)) {
    try {
      while (co_await look()) {
      }
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      logger.warn(name + ": nothing is done now", {{"error", error.what()}});
    }
  }
  looking_ = false;
  timer_ = clock.after(strand, kSweep, [self = weak_from_this()] {
    if (const auto lookout = self.lock()) lookout->look_soon();
  });
}

}  // namespace patchbay::domain::calls
