#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "domain/calls/lookout.hpp"
#include "domain/subscriptions/subscriptions.hpp"
#include "store/actor.hpp"

namespace patchbay::domain::subscriptions {

// What deliveries do, on a strand.
struct Subscriptions::State : calls::Lookout {
  explicit State(Parts p);

  boost::asio::awaitable<bool> look() override;
  // Portions of the journal become deliveries.
  boost::asio::awaitable<void> tell_all();
  // Takes what is due, for each subscription as much as there is room for.
  boost::asio::awaitable<std::vector<Delivery>> claim();
  boost::asio::awaitable<void> deliver(Delivery delivery);
  boost::asio::awaitable<void> deliver_once(Delivery delivery);
  boost::asio::awaitable<void> end(Delivery delivery, bool gone, std::optional<Duration> wait);
  // What was cut off waits again, for whichever host.
  boost::asio::awaitable<void> give_back();
  void note_failure(store::Session& session, const Delivery& delivery, bool gone);
  void switch_off(store::Session& session, Subscription subscription, const Text& reason);
  boost::asio::awaitable<void> tidy();
  boost::asio::awaitable<void> tidy_loop();

  std::size_t room_of(const Subscription& subscription) const;
  Subscription require(store::Session& session, Id id, bool hold = false);
  void audit(store::Session& session, const store::Actor& who, const std::string& what, Id subscription,
             const nlohmann::json& detail = nlohmann::json::object());
  std::int64_t now() const { return parts.clock.now().time_since_epoch().count(); }

  Parts parts;
  Counters counters;
  std::map<Id, Delivery> under_way;        // by id
  std::map<Id, std::size_t> under_way_of;  // how many of a subscription
  std::size_t first = 0;                   // with whom the next look begins
};

}  // namespace patchbay::domain::subscriptions
