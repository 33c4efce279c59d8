#include "log/redactor.hpp"

#include <cctype>

namespace patchbay::log {
namespace {

constexpr std::size_t kShortest = 6;
constexpr std::string_view kMark = "[secret]";

std::string url_encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

void replace_all(std::string& text, std::string_view secret) {
  for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at + kMark.size())) {
    text.replace(at, secret.size(), kMark);
  }
}

}  // namespace

void Redactor::add(std::string_view secret) {
  if (secret.size() < kShortest) return;
  const std::lock_guard lock(mutex_);
  ++secrets_[std::string(secret)];
  if (auto encoded = url_encoded(secret); encoded != secret) ++secrets_[std::move(encoded)];
}

void Redactor::remove(std::string_view secret) {
  const std::lock_guard lock(mutex_);
  const auto drop = [&](std::string_view value) {
    const auto entry = secrets_.find(value);
    if (entry != secrets_.end() && --entry->second == 0) secrets_.erase(entry);
  };
  drop(secret);
  if (const auto encoded = url_encoded(secret); encoded != secret) drop(encoded);
}

std::string Redactor::redact(std::string_view text) const {
  std::string out(text);
  const std::lock_guard lock(mutex_);
  for (const auto& [secret, count] : secrets_) replace_all(out, secret);
  return out;
}

}  // namespace patchbay::log
