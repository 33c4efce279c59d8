#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::outbox {

// One call of a channel that is to be made: a part of a message. Written by the domain in the transaction of
// the change that causes it, so that either both are there or none (OUT-1).
struct Item {
  Id id = 0;
  Id integration = 0;
  std::string lane;  // items of one lane go out one after another, lowest id first: a conversation
  std::string kind;  // of the conversation (private, group, channel): channels may declare rates for one
  std::string verb = "send";  // of pb.channel/1; "acknowledge" is tried once, whatever comes of it;
                              // "release" until it is done or refused
  std::optional<Id> message;  // what it is a part of
  int part = 0;               // from 0
  int parts = 1;
  std::string idempotency_key;   // unique; the same in every attempt
  std::string payload = "{}";    // JSON of the domain, completed by Effects::request before each attempt
  std::string state = "queued";  // queued, sending, sent, failed, uncertain
  std::int64_t attempts = 0;
  std::int64_t not_before = 0;  // Unix milliseconds
  std::string trace;  // enqueue gives each item a span of its own: it tells whose calls may have acted
  std::int64_t created_at = 0;
  std::int64_t claim = 0;  // of whoever works on it now
};

// How a part of a message stands.
struct PartState {
  int part = 0;
  int parts = 1;
  bool done = false;
  std::string state;
  std::string reason;
  std::int64_t attempts = 0;  // begun
};

// All run in the caller's transaction, on a store thread.
void enqueue(store::Session& session, const Item& item);
// In order; empty once every part has been sent (the rows are gone then).
std::vector<PartState> parts_of(store::Session& session, Id message);
// What waits for a conversation goes on under its new id.
void move_lane(store::Session& session, Id integration, std::string from, std::string to);

}  // namespace patchbay::outbox
