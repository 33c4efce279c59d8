#include "domain/settings/settings.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "base/error.hpp"
#include "support/databases.hpp"
#include "support/temp_folder.hpp"
#include "support/wait.hpp"

namespace patchbay::domain::settings {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

const std::string kLimit = "SimultaneousChats";

using support::wait;

class SettingsTest : public ::testing::TestWithParam<support::Database> {
 protected:
  // "domain.settings.number /value"
  static std::string refusal(asio::awaitable<Setting> work) {
    try {
      wait(std::move(work));
    } catch (const Error& error) {
      std::string out(error.text().id());
      for (const auto& one : error.diagnostics()) out += " " + one.path + " " + one.summary.english();
      return out;
    }
    return "none";
  }

  Settings::Parts parts() { return {*store, clock, ids, *vault, log::Logger::none()}; }
  Settings::Parts noting() {
    auto out = parts();
    out.changed = [this] { ++changes; };
    return out;
  }
  store::Blob stored_file(const std::string& content) {
    return store->write_now([&](store::Session& session) {
      store::Blob blob;
      blob.id = ids.next();
      blob.name = "bell.mp3";
      blob.type = "audio/mpeg";
      store::create_blob(session, blob);
      store::write_blob(session, blob.id, 0, content);
      return store::close_blob(session, blob.id);
    });
  }
  std::vector<json> audited() {
    return store->read_now([](store::Session& session) {
      std::vector<json> out;
      for (const auto& row : session.query("select detail from audit order by id"))
        out.push_back(json::parse(row.text(0)));
      return out;
    });
  }

  support::FreshDatabase database{GetParam()};
  support::TempFolder folder;
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  std::unique_ptr<vault::Vault> vault = vault::Vault::open(*store, folder / "vault.key", clock);
  IdMint ids{clock};
  int changes = 0;
  Settings settings{noting()};
  Settings other{parts()};
};

PB_ON_BOTH_DATABASES(SettingsTest);

TEST_P(SettingsTest, are_as_they_come_until_somebody_changes_them) {  // SET-1
  EXPECT_EQ(settings.number(kLimit), 5);
  EXPECT_FALSE(settings.get(kLimit).updated_at);
  const auto changed = wait(settings.set(kLimit, 8, "user:ana"));
  EXPECT_EQ(changed.value, 8);
  EXPECT_EQ(changed.updated_by, "user:ana");
  EXPECT_EQ(settings.number(kLimit), 8) << "at once";
  wait(settings.set(kLimit, nullptr, "user:ana"));
  EXPECT_EQ(settings.number(kLimit), 5);
  EXPECT_EQ(changes, 2);
}

TEST_P(SettingsTest, another_host_follows) {  // SET-3
  wait(settings.set(kLimit, 8, "user:ana"));
  EXPECT_EQ(other.number(kLimit), 5);
  wait(other.read());
  EXPECT_EQ(other.number(kLimit), 8);
  wait(settings.read());
  EXPECT_EQ(changes, 1) << "what is known already is no change";
}

TEST_P(SettingsTest, what_was_set_is_not_undone_by_who_read_before) {  // SET-3
  std::atomic<bool> over = false;
  std::vector<std::future<void>> readers;
  for (int i = 0; i < 3; ++i)
    readers.push_back(std::async(std::launch::async, [&] {
      while (!over) wait(settings.read());
    }));
  int stepped_back = 0;
  for (int i = 1; i <= 200; ++i) {
    wait(settings.set(kLimit, i, "user:ana"));
    for (int look = 0; look < 20; ++look) {
      stepped_back += settings.number(kLimit) != i;
      std::this_thread::yield();
    }
  }
  over = true;
  for (auto& reader : readers) reader.get();
  EXPECT_EQ(stepped_back, 0);
}

TEST_P(SettingsTest, refuse_what_cannot_be) {
  for (const json& wrong : {json(0), json(1001), json(1.5), json("8"), json(true)})
    EXPECT_EQ(refusal(settings.set(kLimit, wrong, "x")),
              "domain.refused /value must be a whole number from 1 to 1000");
  EXPECT_EQ(refusal(settings.set("SimultaneousChat", 1, "x")), "domain.settings.unknown_nearest");
  EXPECT_EQ(changes, 0);
}

TEST_P(SettingsTest, changes_are_in_the_audit_log_with_old_and_new) {  // SET-3, ACC-5
  wait(settings.set(kLimit, 8, "user:ana"));
  wait(settings.set(kLimit, 8, "user:ben"));
  wait(settings.set(kLimit, nullptr, "user:ben"));
  store->read_now([](store::Session& session) {
    const auto rows = session.query("select actor, object, detail from audit order by id");
    ASSERT_EQ(rows.size(), 2U) << "the same again is no change";
    EXPECT_EQ(rows[0].text(1), "setting:SimultaneousChats");
    EXPECT_EQ(json::parse(rows[0].text(2)), json({{"old", 5}, {"new", 8}}));
    EXPECT_EQ(rows[1].text(0), "user:ben");
    EXPECT_EQ(json::parse(rows[1].text(2)), json({{"old", 8}, {"new", 5}}));
  });
}

TEST_P(SettingsTest, a_secret_is_never_shown_only_that_it_is_set) {  // SET-1, ACC-4
  const std::string code = "IdentityServerClientSecret";
  EXPECT_FALSE(settings.get(code).is_set);
  EXPECT_EQ(wait(settings.secret(code)), "");
  const auto changed = wait(settings.set(code, "old one", "user:ana"));
  EXPECT_TRUE(changed.is_set && changed.value.is_null() && changed.updated_at);
  clock.advance(1ms);
  wait(settings.set(code, "the new one", "user:ana"));
  EXPECT_EQ(changes, 2) << "each is another one, though neither is shown";
  wait(other.read());
  EXPECT_EQ(wait(other.secret(code)), "the new one");
  wait(settings.set(code, nullptr, "user:ana"));
  EXPECT_EQ(wait(settings.secret(code)), "");
  EXPECT_EQ(audited(), (std::vector<json>{{{"old", "not set"}, {"new", "set"}},
                                          {{"old", "set"}, {"new", "set"}},
                                          {{"old", "set"}, {"new", "not set"}}}));
}

TEST_P(SettingsTest, a_file_is_replaced_and_cleared) {  // SET-1, CHAT-19
  const std::string code = "OmniChatNotificationSound";
  const auto first = stored_file("one");
  EXPECT_EQ(wait(settings.set_file(code, first, "user:ana")).blob, first.id);
  const auto second = stored_file("another");
  wait(settings.set_file(code, second, "user:ana"));
  wait(other.read());
  EXPECT_EQ(other.get(code).value,
            json({{"name", "bell.mp3"}, {"type", "audio/mpeg"}, {"size", 7}, {"sha256", second.sha256}}));
  wait(settings.set(code, nullptr, "user:ana"));
  EXPECT_FALSE(settings.get(code).blob);
  EXPECT_EQ(
      refusal(settings.set(code, "bell.mp3", "x")),
      "domain.refused /value must be uploaded with PUT /api/v1/settings/OmniChatNotificationSound/file, or "
      "null to clear it");
  EXPECT_EQ(refusal(settings.set_file("SiteUrl", second, "x")),
            "domain.refused /value The setting SiteUrl holds no file. Change it with PUT "
            "/api/v1/settings/SiteUrl");
}

TEST_P(SettingsTest, the_file_of_a_setting_is_not_swept) {  // CHAT-19
  const auto kept = stored_file("kept");
  const auto loose = stored_file("loose");
  wait(settings.set_file("OmniChatNotificationSound", kept, "user:ana"));
  store->write_now([&](store::Session& session) {
    store::sweep_blobs(session, 1'795'252'900'000, 1'795'252'900'000,
                       {store::BlobUse("setting_values", "blob")});
    EXPECT_TRUE(store::find_blob(session, kept.id));
    EXPECT_FALSE(store::find_blob(session, loose.id));
  });
}

TEST_P(SettingsTest, every_type_refuses_what_it_cannot_hold) {  // SET-1
  EXPECT_EQ(refusal(settings.set("IdentityServerAddsUsers", "yes", "x")),
            "domain.refused /value must be true or false");
  EXPECT_EQ(refusal(settings.set("DefaultLanguage", "de", "x")),
            "domain.refused /value must be one of: en, ru");
  EXPECT_EQ(refusal(settings.set("EmailProcessTag", std::string(201, 'x'), "x")),
            "domain.refused /value must be a text of 0 to 200 characters");
  EXPECT_EQ(refusal(settings.set("IdentityServerClientSecret", "", "x")),
            "domain.refused /value must be a text of 1 to 4000 characters");
  for (const auto* wrong : {"desk.example", "ftp://desk.example", "https://desk.example/?a=1"})
    EXPECT_TRUE(
        refusal(settings.set("SiteUrl", wrong, "x")).starts_with("domain.refused /value must be empty or"))
        << wrong;
  EXPECT_EQ(wait(settings.set("SiteUrl", "https://desk.example/app/", "x")).value, "https://desk.example/app")
      << "paths are laid behind it";
  for (const auto* wrong : {"Germany", "49", "ZZ"})
    EXPECT_TRUE(refusal(settings.set("HomeCountry", wrong, "x")).starts_with("domain.refused /value must be"))
        << wrong;
  EXPECT_EQ(wait(settings.set("HomeCountry", "de", "x")).value, "DE");
  EXPECT_EQ(wait(settings.set("HomeCountry", "", "x")).value, "");
}

TEST_P(SettingsTest, plugins_add_their_own_which_cannot_be_one_of_the_host) {  // SET-1, SET-2
  auto with = parts();
  with.of_plugins = [] {
    Definition own;
    own.code = "SampleLimit";
    own.type = Type::number;
    own.standard = 3;
    own.most = 10;
    auto stolen = own;
    stolen.code = "SiteUrl";
    return std::vector<Definition>{stolen, own};
  };
  Settings extended{std::move(with)};
  EXPECT_TRUE(extended.has_value("SampleLimit")) << "its default";
  EXPECT_FALSE(extended.has_value("SiteUrl"));
  EXPECT_FALSE(extended.has_value("Nobody's"));
  EXPECT_EQ(extended.number("SampleLimit"), 3);
  EXPECT_EQ(wait(extended.set("SampleLimit", 4, "x")).value, 4);
  EXPECT_EQ(extended.get("SiteUrl").definition.type, Type::text);
  const auto all = extended.all();
  EXPECT_EQ(all.size(), definitions().size() + 1);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const Setting& a, const Setting& b) {
    return a.definition.code < b.definition.code;
  }));
}

TEST_P(SettingsTest, a_secret_of_a_plugin_is_that_plugins_only) {  // SET-1
  auto with = parts();
  std::string owner = "acme";
  with.of_plugins = [&owner] {
    Definition own;
    own.code = "SampleKey";
    own.type = Type::secret;
    own.most = 100;
    own.plugin = owner;
    return std::vector<Definition>{own};
  };
  Settings extended{std::move(with)};
  EXPECT_FALSE(extended.has_value("SampleKey"));
  wait(extended.set("SampleKey", "hidden", "x"));
  EXPECT_TRUE(extended.has_value("SampleKey"));
  EXPECT_EQ(wait(extended.secret("SampleKey")), "hidden");
  owner = "another";
  EXPECT_EQ(wait(extended.secret("SampleKey")), "");
}

TEST_P(SettingsTest, what_a_plugin_made_another_type_of_has_its_default_again) {  // SET-1
  auto with = parts();
  auto type = Type::text;
  with.of_plugins = [&type] {
    Definition own;
    own.code = "Sample";
    own.type = type;
    own.standard = type == Type::text ? json("none") : json(1);
    own.most = 100;
    return std::vector<Definition>{own};
  };
  Settings extended{std::move(with)};
  wait(extended.set("Sample", "words", "x"));
  type = Type::number;
  EXPECT_EQ(extended.number("Sample"), 1);
}

TEST(AudioType, is_what_the_content_says) {  // CHAT-19
  const std::vector<std::pair<std::string, std::string>> known = {
      {"ID3\x04rest of it", "audio/mpeg"},
      {std::string("\xff\xfb\x90\x64", 4), "audio/mpeg"},
      {"OggS\x02", "audio/ogg"},
      {std::string("RIFF\x24\x08\x01\x02WAVEfmt ", 16), "audio/wav"},
      {"fLaC", "audio/flac"},
      {std::string("\0\0\0\x20"
                   "ftypM4A ",
                   12),
       "audio/mp4"},
      {"\x1a\x45\xdf\xa3", "audio/webm"}};
  for (const auto& [head, type] : known) EXPECT_EQ(audio_type(head), type);
  for (const std::string wrong :
       {"", "\xff", "\xff\xe1", "<!doctype html>", "RIFF\x24\x08\x01\x02WEBP", "\x89PNG"})
    EXPECT_FALSE(audio_type(wrong)) << wrong;
}

TEST(SettingDefinitions, each_has_words_and_a_default_that_it_may_have) {
  for (const auto& one : definitions()) {
    EXPECT_TRUE(one.title.is_known() && one.about.is_known()) << one.code;
    const bool is_kept_elsewhere = one.type == Type::secret || one.type == Type::file;
    EXPECT_EQ(one.standard.is_null(), is_kept_elsewhere) << one.code;
    EXPECT_TRUE(is_kept_elsewhere || !refusal(one, one.standard)) << one.code;
  }
}

}  // namespace
}  // namespace patchbay::domain::settings
