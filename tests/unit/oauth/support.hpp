#pragma once

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "hooks/form.hpp"
#include "oauth/sign_ins.hpp"
#include "oauth/tokens.hpp"
#include "support/databases.hpp"
#include "support/fake_http.hpp"

namespace patchbay::oauth {

namespace asio = boost::asio;
using nlohmann::json;
using namespace std::chrono_literals;

// A grant of a provider that answers from a list; time stands still until a test moves it.
class OAuthTest : public ::testing::TestWithParam<support::Database> {
 protected:
  OAuthTest() {
    provider_.issuer = "https://id.example";
    provider_.authorize = "https://id.example/auth";
    provider_.token = "https://id.example/token";
    provider_.revoke = "https://id.example/revoke";
    provider_.device = "https://id.example/device";
    provider_.client_id = "us";
    provider_.client_secret = "s3cret %/";
    provider_.scopes = {"mail", "offline_access"};
    start();
  }
  ~OAuthTest() override {
    step_ = 10ms;  // stopping lets refreshes end, and looks for it now and then
    wait(sign_ins_->stop());
    wait(tokens_->stop());
  }

  void start() {
    Tokens::Reports reports;
    reports.signed_out = [this](Id id, std::string why) { signed_out_.emplace_back(id, std::move(why)); };
    reports.trouble = [this](Id, Code, std::string why) { troubles_.push_back(std::move(why)); };
    const ProviderOf provider_of = [this](std::string, std::string, std::optional<Id>) { return provider(); };
    tokens_ = std::make_unique<Tokens>(Tokens::Parts{
        io_.get_executor(), clock_, *store_, *vault_, http_, peers_, redactor_, metrics_, log::Logger::none(),
        [] { return std::vector<std::string>(); }, provider_of, std::move(reports)});
    sign_ins_ = std::make_unique<SignIns>(
        SignIns::Parts{io_.get_executor(), clock_, ids_, *store_, *vault_, http_, peers_, redactor_,
                       log::Logger::none(), [] { return std::vector<std::string>(); }, provider_of, *tokens_,
                       [this](store::Session&, const SignIn& done) { attached_.push_back(*done.grant); },
                       [this](const SignIn& done) { done_.push_back(*done.grant); }});
  }

  asio::awaitable<Provider> provider() {
    if (away_) throw Error(Code::unavailable, Text::verbatim("the plugin is away"));
    co_return provider_;
  }

  template <class T>
  T wait(asio::awaitable<T> task) {
    auto future = asio::co_spawn(io_, std::move(task), asio::use_future);
    io_.restart();
    while (future.wait_for(0s) != std::future_status::ready) {
      io_.run_one_for(2ms);
      if (io_.stopped()) io_.restart();
      clock_.advance(step_);
    }
    return future.get();
  }
  // Lets time pass, 50 ms a step, until it holds; ten seconds of the real one at most.
  template <class Holds>
  bool until(Holds holds) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!holds() && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_for(1ms);
      clock_.advance(50ms);
    }
    return holds();
  }
  template <class T>
  Code failure_of(asio::awaitable<T> task) {
    try {
      wait(std::move(task));
    } catch (const Error& error) {
      what_ = error.what();
      return error.code();
    }
    return Code::ok;
  }

  std::int64_t now() const { return clock_.now().time_since_epoch().count(); }

  // Good for an hour from now.
  Id grant(const std::string& access = "first", const std::string& refresh = "refresh-1") {
    Grant grant;
    grant.id = ids_.next();
    grant.plugin = "acme";
    grant.name = "account";
    grant.identity = "https://id.example#alice";
    grant.title = "alice";
    grant.renewable = !refresh.empty();
    grant.created_at = grant.signed_in_at = grant.refreshed_at = now();
    grant.expires_at = now() + Duration(1h).count();
    store_->write_now([&](store::Session& session) {
      table_.put(session, grant, TokenPair{access, refresh});
    });
    return grant.id;
  }
  Grant stored(Id id) {
    return store_->read_now([&](store::Session& session) { return *table_.find(session, id); });
  }
  TokenPair stored_tokens(Id id) {
    return store_->read_now([&](store::Session& session) { return table_.tokens(session, id); });
  }
  void answer_token(const std::string& access, const std::string& refresh,
                    const std::string& subject = "alice") {
    const json claims = {
        {"iss", "https://id.example"}, {"sub", subject}, {"aud", "us"}, {"email", subject + "@x.example"}};
    http_.answer(200, json{{"access_token", access},
                           {"refresh_token", refresh},
                           {"expires_in", 3600},
                           {"token_type", "bearer"},
                           {"id_token", "e30." + crypto::to_base64url(claims.dump()) + ".x"}}
                          .dump());
  }
  void refuse(const std::string& error) { http_.answer(400, json{{"error", error}}.dump()); }
  // What was sent to the token endpoint, field by field.
  std::string sent(const std::string& field, std::size_t i) const {
    for (const auto& [name, value] : hooks::parse_form(http_.seen.at(i)->request.body)) {
      if (name == field) return value;
    }
    return {};
  }

  asio::io_context io_;
  ManualClock clock_{std::chrono::sys_days(std::chrono::year(2026) / 7 / 1)};
  Duration step_{0};  // by which time goes on while a test waits
  support::FreshDatabase database_{GetParam()};
  support::TempFolder folder_;
  std::unique_ptr<store::Store> store_ = database_.open(4);
  std::unique_ptr<vault::Vault> vault_ = vault::Vault::open(*store_, folder_ / "key", clock_);
  IdMint ids_{clock_};
  support::FakeHttp http_{clock_};
  cluster::Alone peers_;
  log::Redactor redactor_;
  metrics::Registry metrics_;
  Grants table_{*vault_};
  Provider provider_;
  bool away_ = false;
  std::vector<std::pair<Id, std::string>> signed_out_;
  std::vector<std::string> troubles_;
  std::vector<Id> attached_;
  std::vector<Id> done_;
  std::unique_ptr<Tokens> tokens_;
  std::unique_ptr<SignIns> sign_ins_;
  std::string what_;
};

}  // namespace patchbay::oauth
