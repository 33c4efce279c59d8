// plugin-needs N15: tokens of anonymous sessions.
#include "hooks/session_tokens.hpp"

#include <cstdlib>
#include <iostream>
#include <random>

#include <gtest/gtest.h>

#include "support.hpp"
#include "support/databases.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::hooks {
namespace {

using namespace std::chrono_literals;

class SessionTokensTest : public ::testing::TestWithParam<support::Database> {
 protected:
  std::string sign(Id integration = 7, Duration good_for = 1h) {
    return loop.run(tokens.sign(VisitorSession(integration, id, clock.now() + good_for)));
  }
  std::optional<VisitorSession> verify(std::string token, Id integration = 7) {
    return loop.run(tokens.verify(std::move(token), integration));
  }

  Loop loop;
  ManualClock clock{kStart};
  support::FreshDatabase database{GetParam()};
  support::TempFolder folder;
  std::unique_ptr<store::Store> store = database.open();
  std::unique_ptr<vault::Vault> vault = vault::Vault::open(*store, folder / "vault.key", clock);
  plugin::HostKey key{*store, *vault, "sessions"};
  SessionTokens tokens{key, clock};
  const std::string id = SessionTokens::new_id();
};
PB_ON_BOTH_DATABASES(SessionTokensTest);

TEST_P(SessionTokensTest, ProveTheirSessionUntilTheyExpire) {
  const auto token = sign();
  const auto session = verify(token);
  ASSERT_TRUE(session);
  EXPECT_EQ(session->id, id);
  EXPECT_EQ(session->expires_at, kStart + 1h);
  clock.advance(1h - 1s);
  EXPECT_TRUE(verify(token));
  clock.advance(1s);
  EXPECT_FALSE(verify(token));
}

TEST_P(SessionTokensTest, AreGoodAtTheirIntegrationOnly) {
  EXPECT_FALSE(verify(sign(7), 8));
}

TEST_P(SessionTokensTest, AreGoodAtEveryHost) {
  const auto token = sign();
  plugin::HostKey same(*store, *vault, "sessions");
  SessionTokens there(same, clock);
  EXPECT_TRUE(loop.run(there.verify(token, 7)));
  plugin::HostKey other(*store, *vault, "file_links");
  SessionTokens elsewhere(other, clock);
  EXPECT_FALSE(loop.run(elsewhere.verify(token, 7)));
}

TEST_P(SessionTokensTest, AreGoodForNothingWhenChanged) {  // bar 18
  const auto token = sign();
  for (std::size_t at = 0; at < token.size(); ++at) {
    for (const char c : {'0', '1', 'A', 'z', '-', '.'}) {
      auto changed = token;
      changed[at] = c;
      if (changed == token) continue;
      EXPECT_FALSE(verify(changed)) << changed;
    }
    EXPECT_FALSE(verify(token.substr(0, at)));
  }
  for (const auto* more : {".", " ", "=", "A"}) EXPECT_FALSE(verify(token + more)) << more;
}

TEST_P(SessionTokensTest, MutationsAreRefused) {  // bar 18
  const auto token = sign();
  const int all = std::getenv("PB_FULL") != nullptr ? 1'000'000 : 30'000;
  auto work = [this, token, all]() -> boost::asio::awaitable<int> {
    std::mt19937 random(7);
    int accepted = 0;
    for (int i = 0; i < all; ++i) {
      auto changed = token;
      for (unsigned times = 1 + random() % 3; times > 0; --times)
        changed[random() % changed.size()] = static_cast<char>(random() % 256);
      if (changed == token) continue;
      const auto session = co_await tokens.verify(std::move(changed), 7);
      accepted += session ? 1 : 0;
    }
    co_return accepted;
  };
  const int accepted = loop.run(work());
  std::cout << "  " << all << " changed tokens, " << accepted << " accepted\n";
  EXPECT_EQ(accepted, 0);
}

TEST(SessionToken, IsWrittenInOneWay) {
  const std::string id(22, 'a');
  const std::string signature(43, 's');
  const auto token = [&](const std::string& integration, const std::string& seconds) {
    return integration + "." + id + "." + seconds + "." + signature;
  };
  EXPECT_TRUE(parse_session_token(token("7", "1800000000")));
  for (const auto* bad : {"", "0", "07", "-7", "+7", " 7", "7 ", "0x7", "99999999999999999999"}) {
    EXPECT_FALSE(parse_session_token(token(bad, "1800000000"))) << bad;
    EXPECT_FALSE(parse_session_token(token("7", bad))) << bad;
  }
  EXPECT_FALSE(parse_session_token(token("7", "9223372036854775807"))) << "beyond all times";
  EXPECT_FALSE(parse_session_token("7.short.1800000000." + signature));
  EXPECT_FALSE(parse_session_token("7." + id + ".1800000000." + signature + "."));
  EXPECT_FALSE(parse_session_token("7." + id + ".1800000000"));
}

}  // namespace
}  // namespace patchbay::hooks
