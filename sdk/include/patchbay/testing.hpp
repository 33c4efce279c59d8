#pragma once

#include <stdexcept>

#include "patchbay/testing_table.hpp"

// A host for tests of a plugin: no server, no thread, a clock that only the test moves.
//
//   FakeHost host(patchbay_plugin_v0());
//   host.start(Json{{"account", "a"}});
//   host.services.answer_json(200, Json{{"ok", true}});
//   const Result sent = host.call("pb.channel/1:send", message);
//   EXPECT_TRUE(host.violations.empty());
//
// For connections: host.net.expect("imap.example.org", 993)->says("* OK ready\r\n");
namespace patchbay::testing {

// One instance of a plugin and the host it sees. Drive it from one thread; the plugin may call in from any.
class FakeHost : public FakeTable {
 public:
  // `host_size`: how much of pb_host this host knows, to play an older or a newer one.
  explicit FakeHost(const pb_entry* entry, std::uint32_t host_size = sizeof(pb_host)) {
    if (!entry) throw std::logic_error("The library has no entry");
    creating_ = true;
    plugin_ = entry->create(table(host_size), "test");
    creating_ = false;
    if (!plugin_) throw std::logic_error("create() failed");
  }
  ~FakeHost() { stop(); }

  // --- the host's side of a call
  // Configures and starts. Throws std::logic_error when the plugin refuses.
  void start(const Json& settings = Json::object()) {
    const Json routes = {{"in", "https://example.org/hooks/test/1/in"}};
    const Json request = {{"integration", {{"id", "1"}, {"name", "Test"}}},
                          {"settings", settings},
                          {"site_url", "https://example.org"},
                          {"routes", routes},
                          {"locale", "en"},
                          {"host", {{"version", "0.1.0"}, {"extensions", Json::array()}}}};
    need("pb.lifecycle/1:configure", request);
    need("pb.lifecycle/1:start", Json::object());
  }
  // Delivers, runs until nothing moves, and returns the answer. Throws std::logic_error when there is none.
  Result call(const std::string& method, const Json& json, std::vector<std::string> blobs = {}) {
    const std::uint64_t id = deliver(method, json, std::move(blobs));
    run();
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find(id);
    if (!found->second.answered)
      throw std::logic_error(method + " is not answered; " + std::to_string(open_.size()) +
                             " host requests are open");
    return found->second.result;
  }
  // Only delivers, as the host would: the call stays open until it is answered.
  std::uint64_t deliver(const std::string& method, const Json& json, std::vector<std::string> blobs = {},
                        const std::string& trace = {}, std::int64_t timeout_ms = 0) {
    const std::uint64_t id = next_id();
    {
      const std::lock_guard lock(mutex_);
      calls_[id].method = method;
    }
    const Packed packed(json, blobs);
    const pb_call call = {sizeof call, 0, id, view(method), view(trace), timeout_ms, packed.message()};
    plugin_->deliver(plugin_->self, &call);
    return id;
  }
  std::optional<Result> answer(std::uint64_t id) const {
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find(id);
    if (found == calls_.end() || !found->second.answered) return std::nullopt;
    return found->second.result;
  }
  // Loses interest in a delivered call.
  void cancel(std::uint64_t id) {
    {
      const std::lock_guard lock(mutex_);
      calls_[id].cancelled = true;
    }
    if (PB_HAS(plugin_, pb_plugin, cancelled)) plugin_->cancelled(plugin_->self, id);
  }

  // --- time and turns
  // Runs what waits for the strand, and what that makes, until nothing is left.
  void run() {
    while (std::function<void()> next = take()) next();
  }
  // Moves the clock, stopping at every timer on the way.
  void advance(std::int64_t milliseconds) {
    const std::int64_t until = now_ms_ + milliseconds;
    run();
    for (auto first = first_timer(); first && first->first <= until; first = first_timer()) {
      now_ms_ = std::max(now_ms_.load(), first->first);
      ring(first->second);
      run();
    }
    now_ms_ = until;
  }

  // --- the plugin's requests
  // Those that are not answered yet.
  std::vector<Request> open_requests() const {
    const std::lock_guard lock(mutex_);
    std::vector<Request> out;
    for (const auto& [id, each] : open_) out.push_back(each.request);
    return out;
  }
  // Answers one; it arrives with the next run().
  void reply(std::uint64_t id, Result result) {
    enqueue([this, id, given = std::move(result)] { reply_now(id, given); });
  }

  // Stops as a host does: stop, then every open request and timer ends, then destroy. Harmless when repeated.
  void stop() {
    if (!plugin_) return;
    deliver("pb.lifecycle/1:stop", Json::object());
    run();
    stopping_ = true;
    for (const Request& each : open_requests()) reply(each.id, Result(PB_CANCELLED, "The instance stops"));
    net.stop();
    while (const auto first = first_timer()) ring(first->second);
    run();
    complain_of_open_calls();
    plugin_->destroy(plugin_->self);
    plugin_ = nullptr;
  }

 private:
  void complain_of_open_calls() {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, call] : calls_)
      if (!call.answered) violations.push_back(call.method + " was never answered");
  }
  void need(const std::string& method, const Json& request) {
    const Result result = call(method, request);
    if (!result.ok()) throw std::logic_error(method + ": " + code_name(result.code) + ": " + result.text);
  }

  const pb_plugin* plugin_ = nullptr;
};

}  // namespace patchbay::testing
