#include "plugin/services.hpp"

#include "unit/plugin/services_fixture.hpp"

#include <algorithm>
#include <stdexcept>

namespace patchbay::plugin {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

boost::asio::awaitable<port::Result> echo(std::shared_ptr<InstanceContext> context, port::Call call) {
  co_return port::Result(
      port::Message("{\"from\": \"" + to_string_id(context->integration) + "\"}", call.message.blobs));
}

boost::asio::awaitable<port::Result> wait_long(Clock& clock) {
  const Duration day(86'400'000);
  co_await clock.sleep(day);
  co_return port::Result();
}

boost::asio::awaitable<port::Result> fail() {
  throw std::runtime_error("inner detail");
  co_return port::Result();
}

TEST_F(ServicesTest, CallsWhatUpperModulesAdd) {
  services_->add("pb.test/1:echo",
                 [](auto context, auto call) { return echo(std::move(context), std::move(call)); });
  const auto result = ask("pb.test/1:echo", json::object(), {"raw"});
  EXPECT_EQ(body_of(result)["from"], "7");
  EXPECT_THAT(result.message.blobs, ::testing::ElementsAre("raw"));
}

TEST_F(ServicesTest, AnswersUnknownMethodsWithUnsupported) {
  EXPECT_EQ(ask("pb.nothing/1:at_all", json::object()).code, Code::unsupported);
}

TEST_F(ServicesTest, RefusesWhatIsNestedTooDeeply) {
  services_->add("pb.test/1:echo",
                 [](auto context, auto call) { return echo(std::move(context), std::move(call)); });
  const auto code_of = [&](const std::string& text) {
    std::optional<Code> code;
    side_->ask(1, port::Call("pb.test/1:echo", port::Message(text)), [&](port::Result r) { code = r.code; });
    run_until([&] { return code.has_value(); });
    return *code;
  };
  EXPECT_EQ(code_of("{\"a\": " + std::string(1'000'000, '[')), Code::invalid);
  EXPECT_EQ(code_of("{\"a\": \"\\\"" + std::string(1'000, '[') + "\"}"), Code::ok);
}

TEST_F(ServicesTest, HidesWhatWentWrongInsideButLogsIt) {
  services_->add("pb.test/1:fail", [](auto, auto) { return fail(); });
  const auto result = ask("pb.test/1:fail", json::object());
  EXPECT_EQ(result.code, Code::internal);
  EXPECT_EQ(result.text.find("inner detail"), std::string::npos);
  EXPECT_THAT(lines_, HasSubstr("inner detail"));
}

TEST_F(ServicesTest, WhatIsDeniedIsLogged) {  // bar 15
  EXPECT_EQ(fetch({{"url", "https://elsewhere.example.org/"}}).code, Code::denied);
  EXPECT_THAT(lines_, HasSubstr(R"("level":"warning")"));
  EXPECT_THAT(lines_, HasSubstr("elsewhere.example.org"));
}

TEST_F(ServicesTest, PluginCannotFloodTheLog) {  // HOST-5
  for (int i = 0; i < 5'000; ++i) side_->log(2, "flood", "");
  EXPECT_LT(std::count(lines_.begin(), lines_.end(), '\n'), 1'000);
}

TEST_F(ServicesTest, CancelsOneCall) {
  services_->add("pb.test/1:wait", [this](auto, auto) { return wait_long(clock_); });
  std::vector<Code> codes;
  for (std::uint64_t id = 100; id < 102; ++id) {
    side_->ask(id, port::Call("pb.test/1:wait", port::Message("{}")),
               [&](port::Result r) { codes.push_back(r.code); });
  }
  io_.poll();
  side_->cancel(100);
  run_until([&] { return !codes.empty(); });
  io_.poll();
  EXPECT_THAT(codes, ::testing::ElementsAre(Code::cancelled));
  side_.reset();
  run_until([&] { return codes.size() == 2; });
}

TEST_F(ServicesTest, CancelsACallThatHasNotBegun) {
  services_->add("pb.test/1:wait", [this](auto, auto) { return wait_long(clock_); });
  std::optional<Code> code;
  side_->ask(100, port::Call("pb.test/1:wait", port::Message("{}")), [&](port::Result r) { code = r.code; });
  side_->cancel(100);
  run_until([&] { return code.has_value(); });
  EXPECT_EQ(code, Code::cancelled);
}

TEST_F(ServicesTest, CancelsCallsOfAnInstanceThatIsGone) {
  services_->add("pb.test/1:wait", [this](auto, auto) { return wait_long(clock_); });
  int cancelled = 0;
  for (std::uint64_t id = 0; id < 5; ++id) {
    side_->ask(id, port::Call("pb.test/1:wait", port::Message("{}")),
               [&](port::Result r) { cancelled += r.code == Code::cancelled ? 1 : 0; });
  }
  io_.poll();
  side_.reset();
  run_until([&] { return cancelled == 5; });
}

TEST_F(ServicesTest, AnswersEveryCallWhenItStops) {
  services_->add("pb.test/1:wait", [this](auto, auto) { return wait_long(clock_); });
  int answered = 0;
  const auto ask_one = [&] {
    side_->ask(1, port::Call("pb.test/1:wait", port::Message("{}")), [&](port::Result) { ++answered; });
  };
  ask_one();
  io_.poll();
  bool stopped = false;
  boost::asio::co_spawn(io_, services_->stop(), [&](std::exception_ptr) { stopped = true; });
  run_until([&] { return stopped; });
  ask_one();
  EXPECT_EQ(answered, 1);
  run_until([&] { return answered == 2; });
}

TEST_F(ServicesTest, LimitsOpenCalls) {  // plugin-needs N10
  services_->add("pb.test/1:wait", [this](auto, auto) { return wait_long(clock_); });
  std::vector<Code> codes;
  for (std::uint64_t id = 0; id < 257; ++id) {
    side_->ask(id, port::Call("pb.test/1:wait", port::Message("{}")),
               [&](port::Result r) { codes.push_back(r.code); });
  }
  run_until([&] { return !codes.empty(); });
  EXPECT_THAT(codes, ::testing::ElementsAre(Code::rate_limited));
  side_->cancel(0);
  run_until([&] { return codes.size() == 2; });
  side_.reset();
  run_until([&] { return codes.size() == 257; });
}

TEST_F(ServicesTest, LogsLinesOfPluginsWithTheirSource) {
  side_->log(3, std::string("bad \xff line\nnext"), R"({"chat": 1})");
  side_->log(99, std::string(100'000, 'x'), "");
  EXPECT_THAT(lines_, HasSubstr("\"plugin\":\"acme\""));
  EXPECT_THAT(lines_, HasSubstr("\"integration\":\"7\""));
  EXPECT_THAT(lines_, HasSubstr("bad \xef\xbf\xbd line"));
  EXPECT_LT(lines_.size(), 20'000u);
}

TEST_F(ServicesTest, KeepsMetricsOfPlugins) {
  side_->define_metric(1, 1, "updates_total", "Updates", "kind,ok");
  side_->define_metric(2, 9, "what", "No such kind", "");
  side_->define_metric(3, 2, "bad name", "x", "");
  side_->record_metric(1, 2, "text\x1fyes");
  side_->record_metric(2, 2, "");
  side_->record_metric(77, 2, "");
  EXPECT_THAT(metrics_.text(),
              HasSubstr("patchbay_plugin_updates_total{kind=\"text\",ok=\"yes\",plugin=\"acme\"} 2"));
  EXPECT_THAT(lines_, HasSubstr("bad name"));
}

class Strict final : public VerbChecker {
 public:
  std::optional<std::string> check_request(const std::string&, const port::Message& message) const override {
    return message.json == "{}" ? std::nullopt : std::optional<std::string>("request is not empty");
  }
  std::optional<std::string> check_reply(const std::string&, const port::Result& result) const override {
    return result.message.json.empty() ? std::nullopt : std::optional<std::string>("reply is not empty");
  }
};

TEST_F(ServicesTest, ChecksVerbsWhenToldTo) {
  const Strict checker;
  Services::Parts parts{io_.get_executor(), clock_,    ids_,    *store_, *vault_, http_,
                        metrics_,           redactor_, logger_, {},      &checker};
  auto plain = std::exchange(services_, std::make_unique<Services>(std::move(parts)));
  start();
  services_->add("pb.test/1:echo",
                 [](auto context, auto call) { return echo(std::move(context), std::move(call)); });
  EXPECT_EQ(ask("pb.test/1:echo", {{"a", 1}}).text, "request is not empty");
  EXPECT_EQ(ask("pb.test/1:echo", json::object()).code, Code::internal);
  EXPECT_THAT(lines_, HasSubstr("reply is not empty"));
}

}  // namespace
}  // namespace patchbay::plugin
