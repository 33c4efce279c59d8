#include "vault/impl/box.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "vault/vault.hpp"

namespace patchbay::vault {

namespace {

constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(KeyBytes::kSize == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* data_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* data_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

// Harmless to repeat, from any thread.
void ready() {
  if (sodium_init() >= 0) return;
  std::fputs("patchbay: libsodium cannot start: the system has no source of random numbers\n", stderr);
  std::abort();
}

}  // namespace

void KeyBytes::Free::operator()(unsigned char* bytes) const {
  sodium_free(bytes);
}

KeyBytes::KeyBytes() {
  ready();
  bytes_.reset(static_cast<unsigned char*>(sodium_malloc(kSize)));
  if (!bytes_) throw std::bad_alloc();
}

std::optional<KeyBytes> KeyBytes::from(std::string_view raw) {
  if (raw.size() != kSize) return std::nullopt;
  KeyBytes key;
  std::copy(raw.begin(), raw.end(), key.bytes_.get());
  return key;
}

KeyBytes KeyBytes::random() {
  KeyBytes key;
  randombytes_buf(key.bytes_.get(), kSize);
  return key;
}

std::string KeyBytes::id() const {
  constexpr std::string_view kPurpose = "patchbay vault key id";
  unsigned char digest[16];
  crypto_generichash(digest, sizeof digest, data_of(kPurpose), kPurpose.size(), bytes_.get(), kSize);
  char hex[2 * sizeof digest + 1];
  sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
  return hex;
}

Sealed seal(const KeyBytes& key, std::string_view plain, std::string_view bound) {
  Sealed out;
  out.nonce.resize(kNonce);
  randombytes_buf(out.nonce.data(), kNonce);
  out.value.resize(plain.size() + kTag);
  crypto_aead_xchacha20poly1305_ietf_encrypt(data_of(out.value), nullptr, data_of(plain), plain.size(),
                                             data_of(bound), bound.size(), nullptr,
                                             data_of(std::string_view(out.nonce)), data_of(key.view()));
  return out;
}

std::optional<std::string> open(const KeyBytes& key, const Sealed& sealed, std::string_view bound) {
  if (sealed.nonce.size() != kNonce || sealed.value.size() < kTag) return std::nullopt;
  std::string plain(sealed.value.size() - kTag, '\0');
  const std::string_view value = sealed.value;
  const std::string_view nonce = sealed.nonce;
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
      data_of(plain), nullptr, nullptr, data_of(value), value.size(), data_of(bound), bound.size(),
      data_of(nonce), data_of(key.view()));
  if (failed != 0) return std::nullopt;
  return plain;
}

std::string generate(std::size_t bytes) {
  ready();
  std::string raw(bytes, '\0');
  randombytes_buf(raw.data(), raw.size());
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string out(sodium_base64_encoded_len(bytes, kVariant), '\0');
  sodium_bin2base64(out.data(), out.size(), data_of(std::string_view(raw)), raw.size(), kVariant);
  out.pop_back();  // the terminating zero
  wipe(raw);
  return out;
}

void wipe(std::string& value) {
  sodium_memzero(value.data(), value.size());
  value.clear();
}

}  // namespace patchbay::vault
