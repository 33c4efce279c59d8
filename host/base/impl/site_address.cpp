#include "base/site_address.hpp"

namespace patchbay {
namespace {

std::string path_of(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == url.npos) return {};
  const auto slash = url.find('/', scheme + 3);
  return slash == url.npos ? std::string() : url.substr(slash);
}

}  // namespace

SiteAddress::SiteAddress(std::string url) {
  set(std::move(url));
}

std::string SiteAddress::get() const {
  const std::lock_guard lock(state_->mutex);
  return state_->url;
}

std::string SiteAddress::path() const {
  const std::lock_guard lock(state_->mutex);
  return state_->path;
}

bool SiteAddress::is_https() const {
  const std::lock_guard lock(state_->mutex);
  return state_->url.starts_with("https://");
}

bool SiteAddress::set(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  const std::lock_guard lock(state_->mutex);
  if (state_->url == url) return false;
  state_->path = path_of(url);
  state_->url = std::move(url);
  return true;
}

}  // namespace patchbay
