#include "domain/access/open_id.hpp"

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "net/form.hpp"
#include "support/databases.hpp"
#include "support/fake_http.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::domain::access {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr const char* kRedirect = "https://desk.example/app/sign-in/openid/callback";
constexpr const char* kDocument =
    R"({"issuer": "https://id.example", "authorization_endpoint": "https://id.example/auth",
        "token_endpoint": "https://id.example/token", "jwks_uri": "https://id.example/keys",
        "end_session_endpoint": "https://id.example/end"})";
constexpr const char* kRefused = R"({"error": "invalid_grant", "error_description": "no such code"})";

class OpenIdTest : public ::testing::Test {
 protected:
  OpenIdTest() {
    wait(settings.set("IdentityServerUrl", "https://id.example", "test"));
    wait(settings.set("IdentityServerClientId", "patchbay", "test"));
  }
  template <class T>
  T wait(asio::awaitable<T> work) {
    auto done = asio::co_spawn(io, std::move(work), asio::use_future);
    while (done.wait_for(0s) != std::future_status::ready) {
      io.restart();
      io.run_for(1ms);
    }
    return done.get();
  }
  OpenId::Parts parts() {
    return {io.get_executor(), clock,    ids,      *store,   *vault,  http,
            redactor,          key_sets, sessions, settings, nothing, log::Logger::none()};
  }
  OpenId::Back back_from(const OpenId::Begun& begun) {
    OpenId::Back back;
    back.cookie = begun.cookie;
    back.redirect_uri = kRedirect;
    back.callback.code = "c0de";
    back.callback.state = Attempt::read(begun.cookie)->state();
    return back;
  }
  OpenId::Begun begin() {
    http.answer(200, kDocument);
    return wait(open_id.begin(kRedirect, "/desk"));
  }
  std::string refusal(OpenId::Back back) {
    try {
      wait(open_id.finish(std::move(back), Client("192.0.2.7", "Browser/1")));
    } catch (const Error& error) {
      return std::string(code_name(error.code())) + " " + error.text().id();
    }
    return "none";
  }

  asio::io_context io;
  support::FreshDatabase database{support::Database::sqlite};
  support::TempFolder folder;
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  std::unique_ptr<vault::Vault> vault = vault::Vault::open(*store, folder / "vault.key", clock);
  IdMint ids{clock};
  support::FakeHttp http{clock};
  log::Redactor redactor;
  std::function<std::vector<std::string>()> nothing = [] { return std::vector<std::string>(); };
  hooks::KeySets key_sets{{io.get_executor(), clock, http, nothing, log::Logger::none()}};
  vault::Passwords passwords;
  Sessions sessions{{*store, clock, ids, passwords, log::Logger::none()}};
  settings::Settings settings{{*store, clock, ids, *vault, log::Logger::none()}};
  OpenId open_id{parts()};
};

TEST_F(OpenIdTest, SendsTheBrowserWithStateNonceAndPkce) {  // ACC-2
  const auto begun = begin();
  const auto attempt = Attempt::read(begun.cookie).value();
  EXPECT_TRUE(begun.address.starts_with("https://id.example/auth?"));
  for (const auto& part : {"state=" + attempt.state(), "nonce=" + attempt.nonce(),
                           std::string("code_challenge_method=S256"), std::string("response_type=code"),
                           std::string("scope=openid"), "redirect_uri=" + net::percent_encode(kRedirect)})
    EXPECT_NE(begun.address.find(part), std::string::npos) << part << " in " << begun.address;
  EXPECT_EQ(begun.address.find(attempt.verifier()), std::string::npos) << "that is ours until the end";
}

TEST_F(OpenIdTest, AnAnswerThatThisBrowserDidNotAskForIsRefused) {  // ACC-2: login CSRF
  auto forged = back_from(begin());
  forged.cookie.clear();
  EXPECT_EQ(refusal(forged), "invalid domain.identity.no_attempt");
  forged.cookie = Attempt::make(clock.now(), "/").cookie();
  EXPECT_EQ(refusal(forged), "invalid domain.identity.wrong_state") << "the victim's own attempt";
  forged.callback.state.clear();
  EXPECT_EQ(refusal(forged), "invalid domain.identity.wrong_state");
  EXPECT_EQ(http.seen.size(), 1U) << "the code is told to nobody";
}

TEST_F(OpenIdTest, ACodeIsTakenOnce) {  // ACC-2
  const auto back = back_from(begin());
  http.answer(400, kRefused);
  EXPECT_EQ(refusal(back), "invalid domain.identity.code_refused");
  EXPECT_EQ(refusal(back), "invalid domain.identity.used");
  EXPECT_EQ(http.seen.size(), 2U);
}

TEST_F(OpenIdTest, TheVerifierGoesWithTheCode) {  // ACC-2: RFC 7636
  const auto back = back_from(begin());
  http.answer(400, kRefused);
  refusal(back);
  const auto& body = http.seen.back()->request.body;
  EXPECT_NE(body.find("code_verifier=" + Attempt::read(back.cookie)->verifier()), std::string::npos);
  EXPECT_NE(body.find("code=c0de"), std::string::npos);
}

TEST_F(OpenIdTest, WhoTakesTooLongBeginsAgain) {  // ACC-2
  const auto back = back_from(begin());
  clock.advance(OpenId::kTime + 1ms);
  EXPECT_EQ(refusal(back), "invalid domain.identity.too_late");
}

TEST_F(OpenIdTest, SaysWhenTheServerIsAwayAndAsksItSoonAgain) {  // ACC-2
  const auto refused = [&] {
    try {
      wait(open_id.begin(kRedirect, "/"));
    } catch (const Error& error) {
      return std::string(code_name(error.code())) + " " + error.text().id();
    }
    return std::string("none");
  };
  http.fail(Code::unavailable);
  EXPECT_EQ(refused(), "unavailable domain.identity.away");
  EXPECT_EQ(refused(), "unavailable domain.identity.away");
  EXPECT_EQ(http.seen.size(), 1U) << "not with every knock";
  clock.advance(3s);
  http.answer(200, kDocument);
  EXPECT_EQ(refused(), "none");
  EXPECT_EQ(refused(), "none");
  EXPECT_EQ(http.seen.size(), 2U) << "what it said is kept for a while";
}

TEST_F(OpenIdTest, AnAnswerOfAnotherServerIsRefused) {  // RFC 9207, 2.4
  auto back = back_from(begin());
  back.callback.issuer = "https://evil.example";
  EXPECT_EQ(refusal(back), "invalid domain.identity.wrong_issuer");
  EXPECT_EQ(http.seen.size(), 1U) << "the code is told to nobody";
}

TEST_F(OpenIdTest, WithoutSettingsItIsNotOffered) {  // ACC-2
  wait(settings.set("IdentityServerUrl", nullptr, "test"));
  EXPECT_FALSE(open_id.is_offered());
  EXPECT_THROW(wait(open_id.begin(kRedirect, "/")), Error);
}

TEST(Attempt, IsReadAsItWasMade) {
  const auto made = Attempt::make(TimePoint(5s), "/desk?chat=7#end");
  const auto read = Attempt::read(made.cookie()).value();
  EXPECT_EQ(read.state(), made.state());
  EXPECT_EQ(read.return_to(), "/desk?chat=7#end");
  EXPECT_EQ(read.begun(), TimePoint(5s));
  const std::set<std::string> all{made.state(), made.nonce(), made.verifier()};
  EXPECT_EQ(all.size(), 3U);
  EXPECT_GE(made.verifier().size(), 43U) << "RFC 7636, 4.1";
}

TEST(Attempt, AnyChangeMakesItAnotherOne) {
  const auto made = Attempt::make(TimePoint(5s), "/desk");
  auto later = made.cookie();
  later.replace(later.find(".5000."), 6, ".6000.");
  EXPECT_NE(Attempt::read(later)->state(), made.state());
  for (const std::string wrong : {"", "..", "a.b.c", "x"}) EXPECT_FALSE(Attempt::read(wrong)) << wrong;
  EXPECT_FALSE(Attempt::read(made.cookie() + "!"));
  EXPECT_FALSE(Attempt::read(made.cookie().substr(1)));
}

TEST(LocalPath, StaysOnThisSite) {  // ACC-2
  for (const auto* good : {"/", "/desk", "/desk/chats?of=me#7", "/a//b"})
    EXPECT_TRUE(is_local_path(good)) << good;
  for (const auto* bad : {"", "desk", "//evil.example", "/\\evil.example", "https://evil.example", "/a b",
                          "/a\nb", "\\/evil", "/\x80"})
    EXPECT_FALSE(is_local_path(bad)) << bad;
}

}  // namespace
}  // namespace patchbay::domain::access
