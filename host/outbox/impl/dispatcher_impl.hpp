#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "base/task_scope.hpp"
#include "net/rate_buckets.hpp"
#include "outbox/dispatcher.hpp"
#include "outbox/impl/breaker.hpp"
#include "outbox/impl/item_table.hpp"
#include "outbox/impl/lanes.hpp"
#include "outbox/impl/policy.hpp"
#include "outbox/impl/slots.hpp"

namespace patchbay::outbox {

namespace asio = boost::asio;

// What one integration has to send, and what stands in the way.
struct Queue {
  using Time = std::chrono::nanoseconds;  // Clock::monotonic

  explicit Queue(Id id) : integration(id) {}

  const Id integration;
  Lanes lanes;
  Breaker breaker;
  Policy policy;
  // Buckets that it shares with other integrations; empty: none.
  std::string grant;
  std::string profile;
  bool open = false;
  bool asking = false;           // Channels is being asked
  Time asked_at = -Time::max();  // when it was
  Time held_until{0};            // it is not connected, as far as we know
  Time paused_until{0};          // the provider asked for it; nothing but time ends that
  int running = 0;
  std::unordered_map<std::string, std::int64_t> claims;  // by lane; stays while its commit is not known
  std::unique_ptr<Clock::Timer> timer;
};

// Everything but construction, wake and the store's work runs on one strand.
class Dispatcher::Impl : public std::enable_shared_from_this<Dispatcher::Impl> {
 public:
  using Time = Queue::Time;

  Impl(const asio::any_io_executor& executor, Options options, log::Logger logger)
      : options_(std::move(options)),
        logger_(std::move(logger)),
        strand_(asio::make_strand(executor)),
        buckets_(options_.clock),
        scope_(executor, [this](const std::string& name, std::exception_ptr error) { report(name, error); }) {
  }

  template <class F>
  void on_strand(F fn) {
    asio::post(strand_, [self = weak_from_this(), fn = std::move(fn)]() mutable {
      if (const auto impl = self.lock()) fn(*impl);
    });
  }

  void sweep_soon();
  bool owns(Id integration) const { return options_.owned == nullptr || options_.owned->has(integration); }
  void offer(const Head& head) {
    if (!owns(head.integration)) return;
    auto& queue = queue_of(head.integration);
    queue.lanes.offer(head.lane, head.item, head.kind);
    pump(queue);
  }
  void refresh(Id integration) {
    auto& queue = queue_of(integration);
    queue.breaker.succeeded();
    queue.held_until = Time{0};
    queue.asked_at = -Time::max();
    queue.lanes.forgive();
    pump(queue);
  }
  asio::awaitable<void> stop(Duration grace);

 private:
  asio::awaitable<void> drain(Duration grace);
  Queue& queue_of(Id integration) {
    auto& queue = queues_[integration];
    if (!queue) queue = std::make_unique<Queue>(integration);
    return *queue;
  }
  Time now() const { return options_.clock.monotonic(); }
  std::int64_t wall() const { return options_.clock.now().time_since_epoch().count(); }
  double jitter() {
    return options_.jitter ? options_.jitter() : std::uniform_real_distribution<double>(0, 1)(random_);
  }
  void report(const std::string& name, std::exception_ptr error);

  asio::awaitable<void> sweep();
  void pump(Queue& queue);
  Time blocked(Queue& queue);
  double part() const;
  net::Rate part_of(net::Rate rate) const;
  int part_of(int at_once) const;
  std::vector<net::RateBuckets::Want> shared_wants(const Queue& queue) const;
  Time take_rate(Queue& queue, const std::string& lane);
  void arm(Queue& queue, Time at);
  asio::awaitable<void> ask(Queue& queue);

  std::vector<Slots::Want> shared_slots(const Queue& queue) const;
  void give_back(Queue& queue, const std::vector<Slots::Want>& slots);
  asio::awaitable<void> run(Queue& queue, std::string lane, std::vector<Slots::Want> slots);
  asio::awaitable<void> attempt(Queue& queue, std::string lane);
  asio::awaitable<void> send(Queue& queue, Claim claim);
  static Decision judge(const Queue& queue, const Item& item, const port::Result& result);
  asio::awaitable<port::Result> ask_plugin(Id integration, port::Call call);
  asio::awaitable<void> look_up(Queue& queue, Claim claim, Decision unknown);
  asio::awaitable<void> finish(Queue& queue, Item item, Decision decision);
  void after(Queue& queue, const Item& item, const Decision& decision, std::optional<Id> next);

  const Options options_;
  const log::Logger logger_;
  asio::strand<asio::any_io_executor> strand_;
  net::RateBuckets buckets_;
  Slots slots_;
  std::map<Id, std::unique_ptr<Queue>> queues_;
  std::unordered_set<Id> on_the_way_;  // items between claim and settle
  bool stopping_ = false;
  std::unique_ptr<Clock::Timer> sweep_timer_;
  std::mt19937_64 random_{std::random_device{}()};
  TaskScope scope_;
};

}  // namespace patchbay::outbox
