#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/site_address.hpp"
#include "plugin/host_key.hpp"

namespace patchbay::plugin {

// Addresses of files that a provider fetches without a token of ours: signed, and good for a while only. The
// key is in the vault, the same for all hosts. Any thread. Store, vault and clock outlive it.
class FileLinks {
 public:
  struct Link {
    std::string url;
    TimePoint expires_at;
  };

  // `site_url`: the public address; empty: there is none.
  FileLinks(store::Store& store, const vault::Vault& vault, const Clock& clock, SiteAddress site_url)
      : store_(store), key_(store, vault, "file_links"), clock_(clock), site_url_(std::move(site_url)) {}

  // "<site_url>/files/<blob>/<Unix seconds>/<signature>/<name>"; the file is kept as long as that is good.
  // Throws Error{unsupported} "plugin.no_site_url".
  boost::asio::awaitable<Link> make(Id blob, std::chrono::seconds good_for, std::string name);
  // The file that such an address names: `path` begins with "/files/". Nothing when it was not made here or
  // its time is over.
  boost::asio::awaitable<std::optional<Id>> open(std::string path);

 private:
  store::Store& store_;
  HostKey key_;
  const Clock& clock_;
  const SiteAddress site_url_;
};

}  // namespace patchbay::plugin
