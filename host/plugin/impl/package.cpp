#include "plugin/package.hpp"

#include <algorithm>
#include <fstream>
#include <map>

#include "base/error.hpp"
#include "crypto/encoding.hpp"
#include "plugin/impl/artefact.hpp"

namespace patchbay::plugin {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "patchbay-package-1";
constexpr std::string_view kPublic = "patchbay-ed25519";
constexpr std::string_view kPrivate = "patchbay-ed25519-private";
constexpr std::uintmax_t kLargestText = 4096;

[[noreturn]] void fail(Code code, std::string id, Text::Args args) {
  throw Error(code, Text(std::move(id), std::move(args)));
}

std::string read_text(const fs::path& file) {
  std::error_code error;
  if (fs::file_size(file, error) > kLargestText || error) return {};
  std::ifstream in(file, std::ios::binary);
  std::string text(kLargestText, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// The words of the only line; none when there is more than one.
std::vector<std::string> words_of(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);  // it went through another system
  std::vector<std::string> words;
  if (text.find_first_of("\n\r\t") != text.npos) return words;
  for (std::size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find(' ', from), text.size());
    words.emplace_back(text.substr(from, end - from));
    from = end + 1;
  }
  return words;
}

std::optional<std::string> key_bytes(std::string_view text, std::string_view kind) {
  const auto words = words_of(text);
  if (words.size() != 2 || words[0] != kind) return std::nullopt;
  return crypto::from_base64(words[1]);
}

bool is_below(const fs::path& folder, const fs::path& above) {
  if (above.empty()) return false;
  const auto relative = folder.lexically_normal().lexically_relative(above.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

std::string package_listing(const fs::path& folder) {
  std::map<std::string, std::string> digests;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const auto path = entry.path().lexically_relative(folder).string();
    if (path == kSignatureFile || (entry.is_directory() && !entry.is_symlink())) continue;
    const bool plain = entry.is_regular_file() && !entry.is_symlink() && path.find('\n') == path.npos;
    if (!plain) fail(Code::invalid, "plugin.not_packable", {{"file", path}});
    digests[path] = sha256_of(entry.path());
  }
  std::string out(kFormat);
  out += '\n';
  for (const auto& [path, digest] : digests) out += digest + "  " + path + "\n";
  return out;
}

std::optional<PackageSignature> read_signature(const fs::path& folder) {
  const auto file = folder / kSignatureFile;
  if (!fs::exists(fs::symlink_status(file))) return std::nullopt;
  auto signature = parse_signature(read_text(file));
  if (!signature) fail(Code::invalid, "plugin.signature_broken", {{"file", kSignatureFile}});
  return signature;
}

void sign_package(const fs::path& folder, const crypto::SigningKey& key) {
  const auto draft = folder / (std::string(".") + kSignatureFile);
  fs::remove(draft);  // of a try that was broken off
  const auto signature = key.sign(package_listing(folder));
  std::ofstream out(draft, std::ios::binary);
  out << kFormat << ' ' << key.verifying().id() << ' ' << crypto::to_base64(signature) << '\n';
  out.close();
  if (!out) fs::remove(draft);
  if (!out) fail(Code::internal, "plugin.signature_unwritten", {{"file", draft.string()}});
  fs::rename(draft, folder / kSignatureFile);
}

std::optional<crypto::VerifyingKey> parse_public_key(std::string_view text) {
  const auto bytes = key_bytes(text, kPublic);
  return bytes ? crypto::VerifyingKey::from_bytes(*bytes) : std::nullopt;
}

std::optional<crypto::SigningKey> parse_private_key(std::string_view text) {
  const auto bytes = key_bytes(text, kPrivate);
  return bytes ? crypto::SigningKey::from_bytes(*bytes) : std::nullopt;
}

std::optional<PackageSignature> parse_signature(std::string_view text) {
  const auto words = words_of(text);
  if (!text.ends_with('\n') || words.size() != 3 || words[0] != kFormat) return std::nullopt;
  auto bytes = crypto::from_base64(words[2]);
  if (!bytes || words[1].empty()) return std::nullopt;
  return PackageSignature(words[1], std::move(*bytes));
}

std::string public_key_text(const crypto::VerifyingKey& key) {
  return std::string(kPublic) + " " + crypto::to_base64(key.bytes()) + "\n";
}

std::string private_key_text(const crypto::SigningKey& key) {
  return std::string(kPrivate) + " " + crypto::to_base64(key.bytes()) + "\n";
}

std::vector<Trust::Key> Trust::read_keys(std::vector<std::string>& broken) const {
  std::vector<Key> keys;
  std::error_code error;
  for (fs::directory_iterator it(keys_, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".pub") continue;
    if (auto key = parse_public_key(read_text(it->path()))) {
      keys.emplace_back(it->path().stem().string(), *key);
    } else {
      broken.push_back(it->path().string());
    }
  }
  return keys;
}

Trust::State Trust::state() const {
  State state;
  auto keys = read_keys(state.broken);
  std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.name < b.name; });
  std::sort(state.broken.begin(), state.broken.end());
  for (const auto& key : keys) state.keys += key.name + " " + key.key.id() + "\n";
  return state;
}

bool Trust::demands_signature(const fs::path& folder) const {
  return only_trusted_ && !is_below(folder, own_);
}

std::string Trust::signer_of(const fs::path& folder, bool demanded) const {
  const auto signature = read_signature(folder);
  if (!signature && demanded) fail(Code::denied, "plugin.unsigned", {});
  if (!signature) return {};
  std::vector<std::string> broken;
  for (const auto& key : read_keys(broken)) {
    if (key.key.id() != signature->key_id) continue;
    if (key.key.accepts(package_listing(folder), signature->bytes)) return key.name;
    fail(Code::denied, "plugin.changed_after_signing", {{"key", key.name}});
  }
  if (demanded)
    fail(Code::denied, "plugin.unknown_key", {{"key", signature->key_id}, {"folder", keys_.string()}});
  return {};
}

}  // namespace patchbay::plugin
