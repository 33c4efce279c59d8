// REC-3, REC-4: calls to addresses outside are signed as Standard Webhooks say.
#include "domain/calls/signed_call.hpp"

#include <gtest/gtest.h>

namespace patchbay::domain::calls {
namespace {

using namespace std::chrono_literals;

TEST(SignedCall, is_signed_as_standard_webhooks_say) {  // their example
  EXPECT_EQ(signature({"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                      R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(SignedCall, has_one_signature_for_each_secret) {
  const auto first = make_secret();
  const auto second = make_secret();
  EXPECT_NE(first, second);
  EXPECT_EQ(signature({first, second}, "run_1", 1, "{}"),
            signature({first}, "run_1", 1, "{}") + " " + signature({second}, "run_1", 1, "{}"));
}

TEST(SignedCall, waits_longer_each_time) {
  EXPECT_EQ(back_off(1, 1h), 1s);
  EXPECT_EQ(back_off(3, 1h), 16s);
  EXPECT_EQ(back_off(19, 1h), 1h);
  EXPECT_EQ(back_off(400, 8h), 8h);
}

TEST(SignedCall, waits_as_long_as_the_other_side_asks_and_an_hour_at_most) {
  net::HttpResponse response;
  EXPECT_EQ(asked_wait(response), std::nullopt);
  for (const auto& [said, wait] : {std::pair{"7", std::optional<Duration>(7s)},
                                   {"100000", std::optional<Duration>(1h)},
                                   {"-1", std::optional<Duration>()},
                                   {"Wed, 21 Oct 2026 07:28:00 GMT", std::optional<Duration>()}}) {
    response.headers = {{"retry-after", said}};
    EXPECT_EQ(asked_wait(response), wait) << said;
  }
}

}  // namespace
}  // namespace patchbay::domain::calls
