#include "plugin/file_links.hpp"

#include <charconv>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"
#include "net/form.hpp"
#include "store/blobs.hpp"

namespace patchbay::plugin {
namespace {

constexpr std::string_view kFolder = "/files/";

std::string signature_of(const std::string& key, const std::string& what) {
  return crypto::to_base64url(crypto::hmac(crypto::Hash::sha256, key, what));
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

boost::asio::awaitable<FileLinks::Link> FileLinks::make(Id blob, std::chrono::seconds good_for,
                                                        std::string name) {
  const auto base = site_url_.get();
  if (base.empty()) throw Error(Code::unsupported, Text("plugin.no_site_url"));
  auto keyed = key_.get();
  const auto secret = co_await std::move(keyed);
  Link link;
  link.expires_at = std::chrono::floor<std::chrono::seconds>(clock_.now() + good_for);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(link.expires_at.time_since_epoch()).count();
  auto keep = [blob, until = seconds * 1000](store::Session& session) {
    store::keep_blob(session, blob, until);
  };
  co_await store_.write(std::move(keep));
  const auto what = to_string_id(blob) + "/" + std::to_string(seconds);
  link.url =
      base + std::string(kFolder) + what + "/" + signature_of(secret, what) + "/" + net::percent_encode(name);
  co_return link;
}

boost::asio::awaitable<std::optional<Id>> FileLinks::open(std::string path) {
  if (!path.starts_with(kFolder)) co_return std::nullopt;
  const auto blob_end = path.find('/', kFolder.size());
  const auto time_end = path.find('/', blob_end + 1);
  if (blob_end == path.npos || time_end == path.npos) co_return std::nullopt;
  const auto signature = path.substr(time_end + 1, path.find('/', time_end + 1) - time_end - 1);
  const auto what = path.substr(kFolder.size(), time_end - kFolder.size());
  const auto blob = number(std::string_view(what).substr(0, blob_end - kFolder.size()));
  const auto seconds = number(std::string_view(path).substr(blob_end + 1, time_end - blob_end - 1));
  if (!blob || !seconds) co_return std::nullopt;
  auto keyed = key_.get();
  const auto secret = co_await std::move(keyed);
  if (!crypto::equal(signature, signature_of(secret, what))) co_return std::nullopt;
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch();
  if (*seconds <= std::chrono::duration_cast<std::chrono::seconds>(now).count()) co_return std::nullopt;
  co_return blob;
}

}  // namespace patchbay::plugin
