#pragma once

#include <string>
#include <vector>

#include <patchbay/types.hpp>

#include "meta/graph.hpp"

namespace meta {

// Where an integration wants its webhooks: the address of its route "webhook".
struct Destination {
  Destination(const patchbay::Configuration& configuration, const patchbay::RemoteRequest& request);
  std::string address;  // empty when the route is not mounted
  // Whether an address is one that this installation has set, now or before.
  bool is_ours(const std::string& url) const;

 private:
  std::string before_;  // what was registered last
  std::string prefix_;  // all routes of this plugin begin like this; empty without a public address
};

// What the app has told Meta about one kind of object.
struct Subscription {
  bool exists = false;
  std::string callback;   // may be a foreign one
  bool complete = false;  // switched on, with all fields that we need
};

// The one callback address that an app has for an object ("page"), and the fields that it wants of it. On the
// instance's strand; asks as the app, whose id the place must know.
class Callback {
 public:
  Callback(const Graph& graph, std::string object, std::vector<std::string> fields)
      : graph_(graph), object_(std::move(object)), fields_(std::move(fields)) {}

  patchbay::Task<Subscription> now() const;
  // Idempotent. Meta asks the address for a challenge meanwhile; `verify_token` is a placeholder.
  patchbay::Task<void> set(std::string address, std::string verify_token) const;

  // The fields as the API wants them: "a,b".
  std::string joined_fields() const;
  // Whether a list of an answer has them all; they come as names, or as objects with a name.
  bool has_all(const Json& fields) const;

 private:
  const Graph& graph_;
  std::string object_;
  std::vector<std::string> fields_;
};

}  // namespace meta
