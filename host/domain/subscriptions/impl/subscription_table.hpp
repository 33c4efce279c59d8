#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "domain/subscriptions/subscription.hpp"
#include "store/store.hpp"

namespace patchbay::domain::subscriptions {

// The table of subscriptions, in the caller's transaction.
class SubscriptionTable {
 public:
  explicit SubscriptionTable(store::Session& session) : session_(session) {}

  std::vector<Subscription> all();
  std::vector<Subscription> active();
  std::optional<Subscription> find(Id id);
  // Nobody else changes it until the transaction ends.
  std::optional<Subscription> hold(Id id);
  void insert(const Subscription& subscription);
  void update(const Subscription& subscription);
  // With its deliveries.
  void remove(Id id);
  // A try succeeded.
  void succeeded(Id id);

 private:
  store::Session& session_;
};

}  // namespace patchbay::domain::subscriptions
