#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "log/redactor.hpp"
#include "plugin/services.hpp"
#include "support/databases.hpp"
#include "support/fake_http.hpp"
#include "support/fake_network.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::plugin {

using support::FakeHttp;

class ServicesTest : public ::testing::Test {
 protected:
  using json = nlohmann::json;
  static constexpr std::int64_t kStorage = 64 << 20;

  ServicesTest() {
    manifest_.id = "acme";
    manifest_.egress = {"api.example.org", "setting:/api_base"};
    manifest_.secrets["token"].hosts = {"api.example.org", "setting:/api_base"};
    manifest_.secrets["key"].hosts = {"api.example.org"};
    const std::string row =
        "insert into integrations(id, plugin, version, name, settings, state, reason_code, reason_text, "
        "identity, title,"
        " remote_state, visibility, created_at, updated_at) values (:id, 'acme', '', '', '{}', 'active', '', "
        "'', '', '',"
        " '', 'shared', 0, 0)";
    store_->write_now([&](store::Session& session) {
      session.exec(row, {Id{7}});
      session.exec(row, {Id{8}});
      vault_->put(session, vault::SecretName("integration", 7, "token"), "123:s3cret/value");
      vault_->put(session, vault::SecretName("integration", 7, "key"), "signing-key");
    });
    start();
  }
  ~ServicesTest() override {
    side_.reset();
    http_.seen.clear();
    bool stopped = false;
    boost::asio::co_spawn(io_, services_->stop(), [&](std::exception_ptr) { stopped = true; });
    run_until([&] { return stopped; });
  }

  void start() { side_ = side_of(7); }
  std::shared_ptr<port::HostSide> side_of(Id integration) {
    contexts_.push_back(std::make_shared<InstanceContext>(
        integration, std::make_shared<const Manifest>(manifest_), settings_, logger_));
    contexts_.back()->profile = profile_;
    contexts_.back()->profile_settings = profile_settings_;
    contexts_.back()->grants = grants_;
    return services_->make(contexts_.back());
  }

  template <class Done>
  void run_until(Done done) {
    io_.restart();
    for (int i = 0; i < 5000 && !done(); ++i) {
      io_.run_one_for(std::chrono::milliseconds(2));
      if (io_.stopped()) io_.restart();
    }
    EXPECT_TRUE(done());
  }

  port::Result ask(const std::string& method, const json& request, std::vector<std::string> blobs = {},
                   const std::string& trace = {}, Duration timeout = Duration{0}) {
    std::optional<port::Result> result;
    side_->ask(++asked_, port::Call(method, port::Message(request.dump(), std::move(blobs)), trace, timeout),
               [&](port::Result r) { result = std::move(r); });
    EXPECT_FALSE(result) << "a reply never comes from inside ask()";
    run_until([&] { return result.has_value(); });
    return std::move(*result);
  }
  port::Result fetch(const json& request, std::vector<std::string> blobs = {},
                     const std::string& trace = {}) {
    return ask("pb.http/1:fetch", request, std::move(blobs), trace);
  }
  static json body_of(const port::Result& result) { return json::parse(result.message.json); }
  const net::HttpRequest& sent(std::size_t i = 0) const { return http_.seen.at(i)->request; }
  std::string header(const std::string& name, std::size_t i = 0) const {
    for (const auto& [key, value] : sent(i).headers) {
      if (key == name) return value;
    }
    return {};
  }

  // As the oauth module would: the next one of the grant that was not rejected.
  boost::asio::awaitable<GrantToken> token(Id grant, std::string rejected) {
    asked_tokens_.emplace_back(grant, rejected);
    auto& left = tokens_[grant];
    if (!left.empty() && left.front() == rejected) left.pop_front();
    if (left.empty()) throw Error(Code::unauthenticated, Text::verbatim("sign in again"));
    co_return GrantToken{left.front(), std::nullopt, "user-of-" + to_string_id(grant)};
  }

  boost::asio::awaitable<void> note_secret(Id integration) {
    told_.push_back(store_->read_now([&](store::Session& session) {
      return vault_->get(session, vault::SecretName("integration", integration, "key")).value_or("nothing");
    }));
    co_return;
  }

  boost::asio::io_context io_;
  SystemClock clock_;
  IdMint ids_{clock_};
  support::FreshDatabase database_{support::Database::sqlite};
  support::TempFolder folder_;
  std::unique_ptr<store::Store> store_ = database_.open();
  std::unique_ptr<vault::Vault> vault_ = vault::Vault::open(*store_, folder_ / "vault.key", clock_);
  FakeHttp http_{clock_};
  support::FakeNetwork network_;
  metrics::Registry metrics_;
  log::Redactor redactor_;
  std::string lines_;
  log::Logger logger_ = log::Logger::to_string(log::Format::json, log::Level::trace, redactor_, lines_);
  Manifest manifest_;
  std::string settings_ = R"({"api_base": "http://127.0.0.1:19000/base"})";
  std::map<Id, std::string> full_;  // why
  Storage storage_{{clock_,
                    *store_,
                    kStorage,
                    {store::BlobUse("blob_links", "blob")},
                    {},
                    [this](Id id, std::optional<Text> why) {
                      full_.erase(id);
                      if (why) full_[id] = why->english();
                    },
                    std::chrono::nanoseconds(0)}};
  std::unique_ptr<Services> services_ = std::make_unique<Services>(
      Services::Parts{io_.get_executor(),
                      clock_,
                      ids_,
                      *store_,
                      *vault_,
                      http_,
                      metrics_,
                      redactor_,
                      logger_,
                      OpenedHosts({"127.0.0.1:19000"}),
                      nullptr,
                      [this](Id id) { return note_secret(id); },
                      [this](Id grant, Duration, std::string rejected) { return token(grant, rejected); },
                      nullptr,
                      &network_,
                      {},
                      {},
                      &storage_});
  std::optional<Id> profile_;
  std::string profile_settings_ = "{}";
  std::map<std::string, std::vector<Id>, std::less<>> grants_;
  std::map<Id, std::deque<std::string>> tokens_;
  std::vector<std::pair<Id, std::string>> asked_tokens_;  // grant, rejected
  std::vector<std::string> told_;  // which value of "key" was stored when a change was told
  std::vector<std::shared_ptr<InstanceContext>> contexts_;
  std::shared_ptr<port::HostSide> side_;
  std::uint64_t asked_ = 0;
};

}  // namespace patchbay::plugin
