#pragma once

#include <cstdint>
#include <optional>

#include <patchbay/host.hpp>

#include "meta/graph.hpp"
#include "using.hpp"

namespace messenger {

// What Meta says of the page's token itself: `data` of debug_token.
patchbay::Task<Json> about_token(const meta::Graph& graph);

// How the page stands, for pb.lifecycle/1:health: what of an answer concerns more than one message, and until
// when the app may read. On the instance's strand.
class Condition {
 public:
  Condition(const patchbay::Host& host, const meta::Graph& graph) : host_(host), graph_(graph) {}

  // What became of a call that acts as the page.
  void worked() { trouble_.reset(); }
  void failed(const patchbay::Error& error);
  // Another token.
  void forget() { asked_at_.reset(); }
  // Asks until when the app may read, once a day. Never throws but for PB_CANCELLED.
  patchbay::Task<void> look();

  patchbay::Health health() const;

 private:
  const patchbay::Host& host_;
  const meta::Graph& graph_;
  std::optional<patchbay::Error> trouble_;
  std::optional<std::int64_t> asked_at_;
  std::int64_t reads_until_ = 0;  // 0: not known, or for ever
};

}  // namespace messenger
