#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "domain/subscriptions/subscriptions.hpp"
#include "store/store.hpp"

namespace patchbay::domain::subscriptions {

// The tables of events and their deliveries, in the caller's transaction.
class DeliveryTable {
 public:
  explicit DeliveryTable(store::Session& session) : session_(session) {}

  void insert_event(Id id, const std::string& type, std::int64_t at, const std::string& body);
  void insert(const Delivery& delivery);
  std::optional<Delivery> find(Id id);
  // What is sent. Nothing for an event that is not kept any more.
  std::optional<std::string> body(Id event);
  // By id, the newest first, before `before`; of a state, where one is given.
  std::vector<Delivery> list(Id subscription, const std::string& state, Id before, std::size_t limit);

  // Some of a subscription is due.
  bool is_due(Id subscription, std::int64_t now);
  // Those that nobody else takes until the transaction ends, in order.
  std::vector<Delivery> hold_due(Id subscription, std::int64_t now, std::size_t most);
  void lease(const Delivery& delivery, std::int64_t until);
  // Of hosts that are gone.
  bool has_left(std::int64_t now);
  void take_back(std::int64_t now);
  // The outcome of a try. False: the lease is another one by now.
  bool settle(const Delivery& delivery);

  // Made once more, from the beginning. False: it is under way.
  bool queue_again(Id delivery, std::int64_t now);
  std::int64_t queue_again(Id subscription, const Replay& which, std::int64_t now);

  // How many went, at most `most` of each kind.
  std::int64_t sweep(std::int64_t now, std::int64_t most);

 private:
  store::Session& session_;
};

}  // namespace patchbay::domain::subscriptions
