#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "plugin/catalogue.hpp"
#include "store/store.hpp"

namespace patchbay::outbox {

// What an integration can send, now.
class Channel {
 public:
  Channel(bool o, std::string m) : open(o), manifest(std::move(m)) {}

  bool open;             // active or degraded; else what is queued waits
  std::string manifest;  // `channel` of plugin.json as it is for this one: idempotency, limits, rates; empty
                         // when it is no channel
  // Whose limits it shares with others.
  std::optional<Id> grant;
  std::optional<Id> profile;
  // The provider has asked for a pause, of the integration or of what it shares: Unix milliseconds.
  std::optional<std::int64_t> paused_until;
};

// Where outbox and domain learn about the channels of integrations.
class Channels {
 public:
  virtual ~Channels() = default;
  // Nothing when there is no such integration.
  virtual boost::asio::awaitable<std::optional<Channel>> find(Id integration) = 0;
};

// `channel` of a manifest as it is for one integration: what its setting named by files_setting says of files
// is in the place of limits.files. Pure.
std::string with_own_files(const std::string& manifest, const std::string& settings);

// From the table of integrations and the catalogue of plugins; store, catalogue and clock outlive it.
class PluginChannels final : public Channels {
 public:
  PluginChannels(store::Store& store, const plugin::Catalogue& catalogue, const Clock& clock)
      : store_(store), catalogue_(catalogue), clock_(clock) {}
  boost::asio::awaitable<std::optional<Channel>> find(Id integration) override;

 private:
  store::Store& store_;
  const plugin::Catalogue& catalogue_;
  const Clock& clock_;
};

}  // namespace patchbay::outbox
