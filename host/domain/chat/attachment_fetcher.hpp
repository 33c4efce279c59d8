#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "cluster/owned.hpp"
#include "log/log.hpp"
#include "outbox/channels.hpp"
#include "plugin/caller.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// Brings the files that clients sent into the store, by pb.channel/1:fetch, after their messages are stored:
// a slow download holds nobody up. At most two at once per integration. What is out of reach is tried again
// with back-off; what the provider refuses becomes `failed` with its reason; where it wants a new sign-in
// they wait for that. Goes on after a restart where it was.
class AttachmentFetcher {
 public:
  struct Options {
    Options(Clock& c, IdMint& i, store::Store& s, plugin::Caller& p, outbox::Channels& h)
        : clock(c), ids(i), store(s), caller(p), channels(h) {}

    Clock& clock;  // all of these outlive the fetcher
    IdMint& ids;
    store::Store& store;
    plugin::Caller& caller;
    outbox::Channels& channels;
    const cluster::Owned* owned =
        nullptr;  // files of other integrations are another host's; none: all are ours
    Duration sweep{5000};
    Duration call_timeout{600'000};
    int at_once = 2;  // of one integration
    // The provider does not know us any more: the integration is to wait for a new sign-in. May be empty.
    std::function<void(Id integration, const std::string& text)> unauthenticated = {};
  };

  AttachmentFetcher(boost::asio::any_io_executor executor, Options options, log::Logger logger);
  ~AttachmentFetcher();  // after stop()
  AttachmentFetcher(const AttachmentFetcher&) = delete;
  AttachmentFetcher& operator=(const AttachmentFetcher&) = delete;

  void start();
  // Events of these integrations have been committed. Any thread.
  void wake(std::vector<Id> integrations);
  // Downloads that run are given up; they begin anew after the next start.
  boost::asio::awaitable<void> stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace patchbay::domain::chat
