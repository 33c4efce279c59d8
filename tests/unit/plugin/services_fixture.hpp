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
#include "support/temp_folder.hpp"

namespace patchbay::plugin {

// Answers requests from a list and remembers them.
class FakeHttp final : public net::HttpClient {
 public:
  struct Turn {
    net::HttpResponse response;
    std::optional<Error> error;
    bool wait = false;  // for ever
  };
  struct Seen {
    Seen(net::HttpRequest r, net::EgressRule g) : request(std::move(r)), guard(std::move(g)) {}
    net::HttpRequest request;
    net::EgressRule guard;
    std::vector<std::string> parts;  // what the streams gave
  };

  explicit FakeHttp(Clock& clock) : clock_(clock) {}

  void answer(int status, std::string body = {}, net::Headers headers = {}) {
    Turn turn;
    turn.response.status = status;
    turn.response.body = std::move(body);
    turn.response.headers = std::move(headers);
    turns.push_back(std::move(turn));
  }
  void fail(Code code) {
    Turn turn;
    turn.error = Error(code, Text::verbatim("broken"));
    turns.push_back(std::move(turn));
  }
  void hang() {
    Turn turn;
    turn.wait = true;
    turns.push_back(std::move(turn));
  }

  boost::asio::awaitable<net::HttpResponse> fetch(net::HttpRequest request, net::EgressRule guard) override {
    auto record = std::make_shared<Seen>(std::move(request), std::move(guard));
    seen.push_back(record);
    auto turn = std::move(turns.front());
    turns.pop_front();
    const Duration day(86'400'000);
    if (turn.wait) co_await clock_.sleep(day);
    if (turn.error) throw Error(*turn.error);
    for (auto& part : record->request.parts) {
      record->parts.push_back(part.data);
      if (!part.read) continue;
      for (;;) {
        auto piece = co_await part.read();
        if (piece.empty()) break;
        record->parts.back() += piece;
      }
    }
    if (record->request.on_body && turn.response.status == 200) {
      auto body = std::exchange(turn.response.body, {});
      co_await record->request.on_body(std::move(body));
    }
    co_return turn.response;
  }

  std::deque<Turn> turns;
  std::vector<std::shared_ptr<Seen>> seen;

 private:
  Clock& clock_;
};

class ServicesTest : public ::testing::Test {
 protected:
  using json = nlohmann::json;

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
                   const std::string& trace = {}) {
    std::optional<port::Result> result;
    side_->ask(++asked_, port::Call(method, port::Message(request.dump(), std::move(blobs)), trace),
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
  metrics::Registry metrics_;
  log::Redactor redactor_;
  std::string lines_;
  log::Logger logger_ = log::Logger::to_string(log::Format::json, log::Level::trace, redactor_, lines_);
  Manifest manifest_;
  std::string settings_ = R"({"api_base": "http://127.0.0.1:19000/base"})";
  std::unique_ptr<Services> services_ = std::make_unique<Services>(
      Services::Parts{io_.get_executor(), clock_, ids_, *store_, *vault_, http_, metrics_, redactor_, logger_,
                      OpenedHosts({"127.0.0.1:19000"}), nullptr, [this](Id id) { return note_secret(id); }});
  std::vector<std::string> told_;  // which value of "key" was stored when a change was told
  std::vector<std::shared_ptr<InstanceContext>> contexts_;
  std::shared_ptr<port::HostSide> side_;
  std::uint64_t asked_ = 0;
};

}  // namespace patchbay::plugin
