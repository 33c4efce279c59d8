#include "vault/impl/box.hpp"

#include <gtest/gtest.h>

#include "vault/vault.hpp"

namespace patchbay::vault {
namespace {

TEST(Box, opens_what_it_sealed) {
  const auto key = KeyBytes::random();
  for (const std::string& plain : {std::string(), std::string("secret"), std::string(100000, 'x')}) {
    EXPECT_EQ(open(key, seal(key, plain, "a"), "a"), plain);
  }
}

TEST(Box, never_seals_twice_the_same) {
  const auto key = KeyBytes::random();
  EXPECT_NE(seal(key, "secret", "").value, seal(key, "secret", "").value);
}

TEST(Box, refuses_another_key_another_binding_and_every_changed_bit) {
  const auto key = KeyBytes::random();
  const auto sealed = seal(key, "secret", "a");
  EXPECT_FALSE(open(KeyBytes::random(), sealed, "a"));
  EXPECT_FALSE(open(key, sealed, "b"));
  for (std::size_t i = 0; i < sealed.value.size(); ++i) {
    auto changed = sealed;
    changed.value[i] = static_cast<char>(changed.value[i] ^ 1);
    EXPECT_FALSE(open(key, changed, "a")) << i;
  }
}

TEST(Box, survives_rows_of_any_size) {
  const auto key = KeyBytes::random();
  for (const std::size_t size : {0, 1, 15, 16, 23, 24, 25}) {
    EXPECT_FALSE(open(key, Sealed{std::string(size, 'n'), std::string(size, 'v')}, "a")) << size;
  }
}

TEST(KeyBytes, has_an_id_that_is_its_own) {
  const std::string raw(32, 'k');
  EXPECT_EQ(KeyBytes::from(raw)->id(), KeyBytes::from(raw)->id());
  EXPECT_NE(KeyBytes::random().id(), KeyBytes::random().id());
  EXPECT_FALSE(KeyBytes::from("short"));
}

TEST(Generate, makes_text_for_addresses) {
  const auto text = generate(32);
  EXPECT_EQ(text.size(), 43U);
  EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
            std::string::npos);
  EXPECT_NE(text, generate(32));
}

TEST(Wipe, leaves_nothing) {
  std::string value = "secret";
  wipe(value);
  EXPECT_TRUE(value.empty());
}

}  // namespace
}  // namespace patchbay::vault
