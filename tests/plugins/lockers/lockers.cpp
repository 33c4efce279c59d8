// For tests of grants by password and of secrets that belong to a grant (plugin-needs N1, N4).
#include <patchbay/seam.hpp>

using patchbay::Error;
using patchbay::Json;
using patchbay::Task;

class Lockers : public patchbay::Plugin {
 public:
  using Plugin::Plugin;

  Task<patchbay::CheckReply> check() override {
    const bool has_one = co_await has_key();
    const bool opens = has_one && co_await look();
    if (!opens) co_await log_in();
    const std::string shelf = patchbay::string_at(settings(), "shelf");
    co_return patchbay::CheckReply("shelf:" + shelf, shelf);
  }

  // With what the host tells, as for protocols that it does not speak.
  Task<void> sync(patchbay::SyncRun&) override {
    const std::string key = co_await host().grant_secret("locker", "key");
    const std::string password = co_await host().token("locker");
    Json get = {{"url", api() + "/shelves"}, {"headers", {{"X-Key", key}, {"X-Password", password}}}};
    const auto reply = co_await host().http(std::move(get));
    fail_unless_ok(reply);
  }

 private:
  std::string api() const { return configuration().profile.at("settings").at("api_base"); }

  // Another integration of the same person may have found it.
  Task<bool> has_key() const {
    try {
      const std::string key = co_await host().grant_secret("locker", "key");
      co_return !key.empty();
    } catch (const Error& error) {
      if (error.code != PB_NOT_FOUND) throw;
    }
    co_return false;
  }

  Task<bool> look() const {
    Json get = {{"url", api() + "/shelves"}, {"headers", {{"X-Key", "{{grant:locker.key}}"}}}};
    const auto reply = co_await host().http(std::move(get));
    if (reply.status == 401) co_return false;
    fail_unless_ok(reply);
    co_return true;
  }

  Task<void> log_in() const {
    Json get = {{"url", api() + "/key"},
                {"auth", "basic:{{grant:locker.user}}:{{grant:locker.password}}"},
                {"headers", {{"X-User", "{{grant:locker.user}}"}}}};
    const auto reply = co_await host().http(std::move(get));
    fail_unless_ok(reply);
    co_await host().put_grant_secret("locker", "key", reply.json().at("key"));
  }

  static void fail_unless_ok(const patchbay::HttpReply& reply) {
    if (reply.status == 401) throw Error(PB_UNAUTHENTICATED, "The locker takes the password no more");
    if (!reply.ok()) throw Error(PB_UNAVAILABLE, "The locker answers " + std::to_string(reply.status));
  }
};

PATCHBAY_PLUGIN(Lockers)
