#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "log/log.hpp"
#include "metrics/registry.hpp"
#include "net/connect.hpp"
#include "net/http.hpp"
#include "plugin/file_links.hpp"
#include "plugin/manifest.hpp"
#include "plugin/storage.hpp"
#include "port/message.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

namespace patchbay::plugin {

// Whose instance asks. Made anew when settings or secrets of the integration change, with a new HostSide.
class InstanceContext {
 public:
  // `settings` is a JSON object without secrets. The logger gets the fields "plugin" and "integration".
  InstanceContext(Id integration_, std::shared_ptr<const Manifest> manifest_, std::string settings_,
                  const log::Logger& logger_);

  const Id integration;
  const std::shared_ptr<const Manifest> manifest;
  const std::string settings;
  const log::Logger logger;
  // Set before make().
  std::optional<Id> profile;
  std::string profile_settings = "{}";                         // JSON, without secrets
  std::map<std::string, std::vector<Id>, std::less<>> grants;  // by name of the manifest, as they are tried

  struct Kept;
  std::shared_ptr<Kept> kept;  // what Services remembers about the instance; set by make()
};

// Compares what crosses the seam with schemas/abi/*.json, in debug builds.
class VerbChecker {
 public:
  virtual ~VerbChecker() = default;
  // What is wrong, in English, or nothing. Any thread.
  virtual std::optional<std::string> check_request(const std::string& method,
                                                   const port::Message& message) const = 0;
  virtual std::optional<std::string> check_reply(const std::string& method,
                                                 const port::Result& result) const = 0;
};

// "host:port" entries that an administrator opened (configuration egress.allow). Copies share them; they may
// change while the host runs. Any thread.
class OpenedHosts {
 public:
  OpenedHosts() : OpenedHosts(std::vector<std::string>()) {}
  explicit OpenedHosts(std::vector<std::string> hosts) : state_(std::make_shared<State>()) {
    state_->hosts = std::move(hosts);
  }
  void set(std::vector<std::string> hosts) const {
    const std::lock_guard lock(state_->mutex);
    state_->hosts = std::move(hosts);
  }
  std::vector<std::string> get() const {
    const std::lock_guard lock(state_->mutex);
    return state_->hosts;
  }

 private:
  struct State {
    std::mutex mutex;
    std::vector<std::string> hosts;
  };
  std::shared_ptr<State> state_;
};

// What a grant lets us do at the provider now.
struct GrantToken {
  std::string value;                    // the password of a grant by password
  std::optional<TimePoint> expires_at;  // nothing: not known
  std::string user;                     // who signed in, as far as the provider tells; may be empty
  Id grant = 0;                         // whose it is
};
// A token good for at least `min_valid` and other than `rejected`, refreshed when need be. Throws Error:
// unauthenticated when somebody has to sign in again, unavailable while it cannot be refreshed.
using TokenSource =
    std::function<boost::asio::awaitable<GrantToken>(Id grant, Duration min_valid, std::string rejected)>;

// What the host offers to plugins: the answers to their calls, their log lines and their metrics. Handles
// pb.http/1, pb.net/1, pb.secrets/1, pb.oauth/1, pb.state/1 and pb.blob/1; upper modules add theirs
// (pb.webhook/1:inject, pb.events/1:emit).
class Services {
 public:
  // All of them outlive the services.
  struct Parts {
    boost::asio::any_io_executor executor;
    Clock& clock;
    IdMint& ids;
    store::Store& store;
    const vault::Vault& vault;
    net::HttpClient& http;
    metrics::Registry& metrics;
    log::Redactor& redactor;
    log::Logger logger;
    OpenedHosts opened;
    const VerbChecker* checker = nullptr;  // none: unchecked
    // A plugin has stored a secret; it is answered when this returns. May be empty.
    std::function<boost::asio::awaitable<void>(Id integration)> on_secret = {};
    TokenSource tokens = {};               // none: nobody has signed in
    FileLinks* links = nullptr;            // none: files cannot be published
    net::Network* network = nullptr;       // null: the machine's
    std::string authorities = {};          // PEM: whom pb.net/1 trusts (egress.ca_file); empty: the system's
    std::optional<net::Proxy> proxy = {};  // that pb.net/1 goes through (egress.proxy)
    Storage* storage = nullptr;            // none: plugins may keep as much as they like
  };
  using Handler = std::function<boost::asio::awaitable<port::Result>(std::shared_ptr<InstanceContext> context,
                                                                     port::Call call)>;

  explicit Services(Parts parts);
  ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // Before the first make(). The handler runs on a strand of its own for each call; what it throws becomes
  // the answer (an Error with its code and English text), and it is cancelled when the plugin loses interest
  // or is gone.
  void add(const std::string& method, Handler handler);

  // The host as this instance sees it. At most 256 calls are open at once, more are answered rate_limited.
  // Letting go of it cancels them. Any thread.
  std::shared_ptr<port::HostSide> make(std::shared_ptr<InstanceContext> context);

  // Cancels every call and waits until all have been answered. Before destruction.
  boost::asio::awaitable<void> stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace patchbay::plugin
