#include "vault/vault.hpp"
#include "vault/rotation.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "support/databases.hpp"
#include "support/wait.hpp"

namespace patchbay::vault {
namespace {

namespace asio = boost::asio;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// ACC-4
class VaultTest : public ::testing::TestWithParam<support::Database> {
 protected:
  std::unique_ptr<Vault> open() { return Vault::open(*store, key_file, clock); }

  void put(const Vault& vault, const SecretName& name, const std::string& value,
           std::optional<std::int64_t> expires = {}) {
    store->write_now([&](store::Session& s) { vault.put(s, name, value, expires); });
  }
  std::optional<std::string> get(const Vault& vault, const SecretName& name) {
    return store->read_now([&](store::Session& s) { return vault.get(s, name); });
  }
  std::int64_t rows() {
    return store->read_now([](store::Session& s) {
      return s.query_one("select cast(count(*) as bigint) from secrets")->integer(0);
    });
  }
  void expect_refusal(const char* id) {
    const auto before = rows();
    try {
      open();
      ADD_FAILURE() << id;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid);
      EXPECT_EQ(error.text().id(), id);
      EXPECT_THAT(error.what(), HasSubstr(key_file));
    }
    EXPECT_EQ(rows(), before);
  }
  void write_key(const std::string& bytes) {
    std::ofstream(key_file, std::ios::binary | std::ios::trunc) << bytes;
  }

  ManualClock clock{TimePoint(Duration(1'000'000))};
  support::TempFolder folder;
  std::string key_file = folder / "vault.key";
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
};
PB_ON_BOTH_DATABASES(VaultTest);

TEST_P(VaultTest, makes_a_private_key_on_the_very_first_start) {
  open();
  struct stat info {};
  ASSERT_EQ(::stat(key_file.c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 32);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);  // no draft is left
  EXPECT_NO_THROW(open());
}

TEST_P(VaultTest, takes_a_key_that_an_administrator_made) {
  write_key(std::string(32, 'k'));
  const auto vault = open();
  put(*vault, SecretName("integration", 7, "token"), "1:abc");
  EXPECT_EQ(get(*open(), SecretName("integration", 7, "token")), "1:abc");
}

TEST_P(VaultTest, refuses_to_start_without_its_key_and_makes_no_other) {
  open();
  std::filesystem::remove(key_file);
  expect_refusal("vault.missing_key");
  EXPECT_FALSE(std::filesystem::exists(key_file));
}

TEST_P(VaultTest, refuses_another_key) {
  open();
  write_key(std::string(32, 'w'));
  expect_refusal("vault.wrong_key");
}

TEST_P(VaultTest, refuses_a_file_that_holds_no_key) {
  for (const std::size_t size : {0, 31, 33, 5000}) {
    write_key(std::string(size, 'k'));
    expect_refusal("vault.bad_key");
  }
}

TEST_P(VaultTest, says_that_the_key_file_cannot_be_made) {
  key_file = folder / "missing/vault.key";
  try {
    open();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.text().id(), "vault.key_file");
  }
}

TEST_P(VaultTest, keeps_secrets_apart_by_scope_owner_and_name) {
  const auto vault = open();
  put(*vault, SecretName("integration", 7, "token"), "a");
  put(*vault, SecretName("integration", 8, "token"), "b");
  put(*vault, SecretName("profile", 7, "token"), "c");
  put(*vault, SecretName("integration", 7, "token"), "replaced");
  EXPECT_EQ(get(*vault, SecretName("integration", 7, "token")), "replaced");
  EXPECT_EQ(get(*vault, SecretName("integration", 8, "token")), "b");
  EXPECT_EQ(get(*vault, SecretName("profile", 7, "token")), "c");
  EXPECT_EQ(get(*vault, SecretName("integration", 7, "other")), std::nullopt);
}

// plugin-needs N4
TEST_P(VaultTest, keeps_what_it_replaces_for_a_while) {
  const auto vault = open();
  const SecretName name("integration", 7, "hook");
  const auto now = clock.now().time_since_epoch().count();
  const auto replace = [&](const char* value) {
    store->write_now([&](store::Session& s) { vault->replace(s, name, value, now + 1000); });
  };
  const auto former = [&] {
    return store->read_now([&](store::Session& s) {
      const auto all = vault->formers(s, "integration", 7);
      return all.empty() ? std::string() : all.at("hook").value;
    });
  };
  replace("first");
  EXPECT_EQ(former(), "");
  replace("second");
  replace("second");
  EXPECT_EQ(former(), "first");
  EXPECT_EQ(get(*vault, name), "second");
  EXPECT_THAT(store->read_now([&](store::Session& s) { return vault->names(s, "integration", 7); }),
              ElementsAre("hook"));
  replace("first");  // taken back
  EXPECT_EQ(former(), "");
  replace("third");
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(former(), "");
  const auto before = rows();
  EXPECT_EQ(store->write_now([&](store::Session& s) { return vault->sweep(s); }), 1);
  EXPECT_EQ(rows(), before - 1);
}

TEST_P(VaultTest, takes_former_values_away_with_their_secret) {
  const auto vault = open();
  const SecretName name("profile", 7, "hook");
  const auto until = clock.now().time_since_epoch().count() + 1000;
  const auto replaced = [&] {
    store->write_now([&](store::Session& s) {
      vault->put(s, name, "first");
      vault->replace(s, name, "second", until);
    });
    return rows();
  };
  EXPECT_EQ(replaced(), 3);  // with the canary
  store->write_now([&](store::Session& s) { vault->remove(s, name); });
  EXPECT_EQ(rows(), 1);
  EXPECT_EQ(replaced(), 3);
  store->write_now([&](store::Session& s) { vault->remove_all(s, "profile", 7); });
  EXPECT_EQ(rows(), 1);
  put(*vault, name, "first", until - 500);
  store->write_now([&](store::Session& s) { vault->replace(s, name, "second", until); });
  const auto ends = store->read_now([&](store::Session& s) { return vault->formers(s, "profile", 7); });
  EXPECT_EQ(ends.at("hook").until, until - 500) << "not longer than it would have been good";
}

TEST_P(VaultTest, stores_nothing_readable) {
  const auto vault = open();
  put(*vault, SecretName("integration", 7, "token"), "canary-c4n4ry");
  store->read_now([](store::Session& s) {
    for (const auto& row : s.query("select nonce, value from secrets")) {
      EXPECT_EQ(row.bytes(0).find("c4n4ry"), std::string::npos);
      EXPECT_EQ(row.bytes(1).find("c4n4ry"), std::string::npos);
    }
  });
}

TEST_P(VaultTest, notices_a_value_that_was_moved_to_another_owner) {
  const auto vault = open();
  put(*vault, SecretName("integration", 7, "token"), "a");
  store->write_now([](store::Session& s) { s.exec("update secrets set owner_id = 8 where owner_id = 7"); });
  try {
    get(*vault, SecretName("integration", 8, "token"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.text().id(), "vault.damaged");
  }
}

TEST_P(VaultTest, forgets_secrets_that_expire) {
  const auto vault = open();
  const SecretName name("grant", 3, "access");
  put(*vault, name, "x", 1'000'500);
  EXPECT_EQ(get(*vault, name), "x");
  clock.advance(Duration(500));
  EXPECT_EQ(get(*vault, name), std::nullopt);
  EXPECT_THAT(store->read_now([&](store::Session& s) { return vault->names(s, "grant", 3); }), IsEmpty());
}

TEST_P(VaultTest, lists_and_removes) {
  const auto vault = open();
  for (const char* name : {"b", "a", "c"}) put(*vault, SecretName("integration", 7, name), "x");
  put(*vault, SecretName("integration", 8, "other"), "x");
  store->write_now([&](store::Session& s) {
    EXPECT_THAT(vault->names(s, "integration", 7), ElementsAre("a", "b", "c"));
    EXPECT_TRUE(vault->remove(s, SecretName("integration", 7, "b")));
    EXPECT_FALSE(vault->remove(s, SecretName("integration", 7, "b")));
    EXPECT_THAT(vault->names(s, "integration", 7), ElementsAre("a", "c"));
    vault->remove_all(s, "integration", 7);
    EXPECT_THAT(vault->names(s, "integration", 7), IsEmpty());
    EXPECT_THAT(vault->names(s, "integration", 8), ElementsAre("other"));
  });
}

// A pending migration must not be written with a key that opens nothing.
TEST_P(VaultTest, ChecksTheKeyBeforeThereAreTables) {
  store->write_now([](store::Session& s) { s.script("drop table secrets"); });
  EXPECT_NO_THROW(Vault::check(*store, key_file));
  EXPECT_FALSE(std::filesystem::exists(key_file));
  write_key(std::string(31, 'k'));
  for (const auto& check : {std::function<void()>([&] { Vault::check(*store, key_file); }),
                            std::function<void()>([&] { Vault::check_key_file(key_file); })}) {
    try {
      check();
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.text().id(), "vault.bad_key");
    }
  }
}

class RotationTest : public VaultTest {
 protected:
  Rotated rotate(Vault& vault) {
    auto known = [](std::string) -> asio::awaitable<void> { co_return; };
    return support::wait(vault::rotate(vault, *store, known));
  }
  std::int64_t key_bytes() { return static_cast<std::int64_t>(std::filesystem::file_size(key_file)); }
};
PB_ON_BOTH_DATABASES(RotationTest);

TEST_P(RotationTest, seals_everything_with_a_new_key_and_forgets_the_old_one) {
  const auto vault = open();
  for (int i = 0; i < 500; ++i)
    put(*vault, SecretName("integration", i, "token"), "value " + std::to_string(i));
  std::ifstream file(key_file, std::ios::binary);
  const std::string before(std::istreambuf_iterator<char>(file), {});
  const auto done = rotate(*vault);
  EXPECT_EQ(done.secrets, 500);
  EXPECT_EQ(done.damaged, 0);
  EXPECT_EQ(vault->key_ids(), std::vector<std::string>{done.key});
  EXPECT_EQ(key_bytes(), 32);
  for (int i = 0; i < 500; ++i)
    EXPECT_EQ(get(*vault, SecretName("integration", i, "token")), "value " + std::to_string(i));
  EXPECT_EQ(get(*open(), SecretName("integration", 7, "token")), "value 7");
  write_key(before);
  expect_refusal("vault.wrong_key");
}

TEST_P(RotationTest, can_be_done_again) {
  const auto vault = open();
  put(*vault, SecretName("host", 0, "a"), "value");
  const auto first = rotate(*vault).key;
  const auto second = rotate(*vault);
  EXPECT_NE(second.key, first);
  EXPECT_EQ(second.secrets, 1);
  EXPECT_EQ(get(*vault, SecretName("host", 0, "a")), "value");
}

TEST_P(RotationTest, waits_with_the_new_key_until_every_host_has_it) {  // OPS-8
  const auto vault = open();
  put(*vault, SecretName("host", 0, "a"), "value");
  const auto used = [&] { return store->read_now([&](store::Session& s) { return vault->used_key(s); }); };
  const auto before = used();
  const auto added = vault->add_key(before);
  EXPECT_NE(added, before);
  EXPECT_EQ(vault->add_key(before), added);  // it is there already
  EXPECT_EQ(key_bytes(), 64);
  EXPECT_EQ(used(), before);
  put(*vault, SecretName("host", 0, "b"), "sealed with the old one");
  EXPECT_EQ(get(*open(), SecretName("host", 0, "b")), "sealed with the old one");
  EXPECT_EQ(rotate(*vault).key, added);
}

TEST_P(RotationTest, goes_on_where_it_was_broken_off) {
  const auto vault = open();
  for (int i = 0; i < 10; ++i) put(*vault, SecretName("integration", i, "token"), "v");
  const auto before = store->read_now([&](store::Session& s) { return vault->used_key(s); });
  const auto added = vault->add_key(before);
  store->write_now([&](store::Session& s) {
    vault->use_key(s, added);
    vault->reseal(s, std::nullopt, 4);
  });
  const auto again = open();  // the host was killed here
  for (int i = 0; i < 10; ++i) EXPECT_EQ(get(*again, SecretName("integration", i, "token")), "v");
  const auto done = rotate(*again);
  EXPECT_EQ(done.key, added);
  EXPECT_EQ(done.secrets, 6);
  EXPECT_EQ(key_bytes(), 32);
}

TEST_P(RotationTest, never_goes_back_to_a_key_that_had_its_time) {
  const auto vault = open();
  put(*vault, SecretName("host", 0, "a"), "value");
  const auto old = store->read_now([&](store::Session& s) { return vault->used_key(s); });
  const auto added = vault->add_key(old);
  store->write_now([&](store::Session& s) {
    vault->use_key(s, added);
    vault->reseal(s, std::nullopt, 100);
  });
  const auto again = open();  // killed before the old key left the file
  EXPECT_NE(again->add_key(added), old);
  const auto done = rotate(*again);
  EXPECT_NE(done.key, old);
  EXPECT_EQ(again->key_ids(), std::vector<std::string>{done.key});
  EXPECT_EQ(get(*again, SecretName("host", 0, "a")), "value");
}

TEST_P(RotationTest, another_host_seals_with_the_new_key_as_soon_as_it_is_used) {  // OPS-8
  const auto one = open();
  const auto before = store->read_now([&](store::Session& s) { return one->used_key(s); });
  const auto added = one->add_key(before);
  const auto two = open();
  store->write_now([&](store::Session& s) { one->use_key(s, added); });
  put(*two, SecretName("host", 0, "a"), "value");
  one->forget_other_keys(added);
  EXPECT_EQ(get(*one, SecretName("host", 0, "a")), "value");
  two->reload(*store);
  EXPECT_EQ(two->key_ids(), std::vector<std::string>{added});
}

TEST_P(RotationTest, what_is_damaged_is_counted_and_does_not_stop_it) {
  const auto vault = open();
  put(*vault, SecretName("host", 0, "a"), "value");
  put(*vault, SecretName("host", 0, "b"), "value");
  store->write_now([](store::Session& s) {
    s.exec("update secrets set nonce = (select nonce from secrets where scope = 'vault') where name = 'a'");
  });
  const auto done = rotate(*vault);
  EXPECT_EQ(done.secrets, 1);
  EXPECT_EQ(done.damaged, 1);
  EXPECT_EQ(get(*vault, SecretName("host", 0, "b")), "value");
  EXPECT_THROW(get(*vault, SecretName("host", 0, "a")), Error);
  EXPECT_EQ(rotate(*vault).secrets, 1);
}

}  // namespace
}  // namespace patchbay::vault
