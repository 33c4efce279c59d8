#include "supervisor/impl/checked_instance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/impl/verb_checker.hpp"

namespace patchbay::supervisor {
namespace {

using ::testing::HasSubstr;

// Answers every call with the same result.
class FakeInstance final : public port::Instance {
 public:
  explicit FakeInstance(Clock& clock) : port::Instance(clock) {}
  std::uint64_t begin(port::Call call, Done done) override {
    method = call.method;
    done(result);
    return 5;
  }
  void cancel(std::uint64_t) override {}
  boost::asio::awaitable<void> close() override { co_return; }

  port::Result result;
  std::string method;
};

class CheckedInstanceTest : public ::testing::Test {
 protected:
  port::Result answer_to(const std::string& method, const std::string& request, port::Result result) {
    inner->result = std::move(result);
    port::Result answer;
    checked.begin(port::Call(method, port::Message(request)), [&](port::Result r) { answer = std::move(r); });
    return answer;
  }
  port::Result answer_to(const std::string& method, const std::string& request, const std::string& reply) {
    return answer_to(method, request, port::Result(port::Message(reply)));
  }

  SystemClock clock;
  std::shared_ptr<FakeInstance> inner = std::make_shared<FakeInstance>(clock);
  app::SchemaVerbChecker checker;
  CheckedInstance checked{clock, inner, checker, log::Logger::none()};
};

const std::string kProcess = R"({"id":"5","route":"in","method":"POST","path":"/hooks/echo/7/in","query":"",
  "headers":{},"received_at":"2026-07-01T09:30:00.250Z"})";

TEST_F(CheckedInstanceTest, passes_on_what_fits) {
  EXPECT_EQ(answer_to("pb.webhook/1:process", kProcess, R"({"events":[]})").message.json, R"({"events":[]})");
  EXPECT_EQ(answer_to("pb.unknown/1:verb", "[]", "5").message.json, "5");
}

TEST_F(CheckedInstanceTest, a_call_that_does_not_fit_never_reaches_the_plugin) {
  const auto result = answer_to("pb.webhook/1:process", R"({"id":"5"})", R"({"events":[]})");
  EXPECT_EQ(result.code, Code::internal);
  EXPECT_THAT(result.text, HasSubstr("pb.webhook/1:process"));
  EXPECT_EQ(inner->method, "");
}

TEST_F(CheckedInstanceTest, an_answer_that_does_not_fit_names_method_and_place) {
  const auto result = answer_to("pb.webhook/1:process", kProcess, R"({"events":[{"type":"x"}]})");
  EXPECT_EQ(result.code, Code::internal);
  EXPECT_THAT(result.text, HasSubstr("pb.webhook/1:process"));
  EXPECT_THAT(result.text, HasSubstr("/events/0"));
  EXPECT_EQ(answer_to("pb.webhook/1:process", kProcess, "nonsense").code, Code::internal);
}

TEST_F(CheckedInstanceTest, data_of_events_is_compared_with_the_schema_of_their_type) {
  const std::string events = R"({"events":[{"type":"TYPE","dedupe_key":"1","order_key":"","data":{}}]})";
  auto known = events;
  known.replace(known.find("TYPE"), 4, "message.received");
  EXPECT_TRUE(answer_to("pb.webhook/1:process", kProcess, events).ok());
  EXPECT_THAT(answer_to("pb.webhook/1:process", kProcess, known).text, HasSubstr("/events/0/data"));
  EXPECT_TRUE(checker.check_request("pb.events/1:emit", port::Message(known)).has_value());
}

TEST_F(CheckedInstanceTest, failures_have_one_schema_for_all_verbs) {
  const port::Result good(Code::rate_limited, "slow", Duration{0}, port::Message(R"({"scope":"grant"})"));
  const port::Result bad(Code::rate_limited, "slow", Duration{0}, port::Message(R"({"scope":"world"})"));
  EXPECT_EQ(
      answer_to("pb.channel/1:lookup", R"({"idempotency_key":"k","conversation":{"id":"c"}})", good).code,
      Code::rate_limited);
  EXPECT_THAT(
      answer_to("pb.channel/1:lookup", R"({"idempotency_key":"k","conversation":{"id":"c"}})", bad).text,
      HasSubstr("/scope"));
}

}  // namespace
}  // namespace patchbay::supervisor
