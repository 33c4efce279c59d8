#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "hooks/request.hpp"
#include "hooks/route_table.hpp"
#include "net/http.hpp"
#include "plugin/host_key.hpp"

namespace patchbay::hooks {

// Marks a request as one of the hosts' own self-tests: signed with a key that they share, good for a minute,
// and once at each host. Any thread.
class SelfTestMarks {
 public:
  // Key and clock outlive it.
  SelfTestMarks(plugin::HostKey& key, const Clock& clock) : key_(key), clock_(clock) {}

  // `foreign`: none of ours. `spent`: ours, and too old or taken before.
  enum class Mark { foreign, spent, good };

  boost::asio::awaitable<std::string> make();
  // What it is; a good one is spent afterwards.
  boost::asio::awaitable<Mark> take(std::string mark);

 private:
  plugin::HostKey& key_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::int64_t> taken_;  // until when it would have been good: Unix seconds
};

// The header that holds the mark, and in the answer says that a host of ours has got it.
inline constexpr const char* kSelfTestHeader = "x-patchbay-self-test";

// What ingress tells of a marked request instead of storing it: the status that it would have got, and what
// arrived of it.
Answer self_test_answer(const Request& request, int status);

// Whether requests of a provider arrive as they were sent (HOOK-6): the host signs a made-up one as the
// provider would, sends it to the configured public address, and looks at what came of it. Nothing is stored,
// no plugin hears of it. Any thread.
class SelfTest {
 public:
  // In API: "verified"; "differs": it arrived changed; "elsewhere": something else than our hosts answered;
  // "unreachable"; "impossible": only the provider can sign, or the route is closed.
  enum class Outcome { verified, differs, elsewhere, unreachable, impossible };

  struct Finding {
    Finding(const Route& route, Outcome o, Text t)
        : id(route.id), address(route.address), outcome(o), text(std::move(t)) {}
    std::string id;
    std::string address;
    Outcome outcome;
    Text text;
  };

  // All of them outlive it.
  struct Parts {
    const Clock& clock;
    const RouteTable& routes;
    net::HttpClient& http;
    SelfTestMarks& marks;
  };
  explicit SelfTest(Parts parts) : parts_(parts) {}

  // Of each webhook that the integration, or profile, is open for.
  boost::asio::awaitable<std::vector<Finding>> run(Id owner);

 private:
  boost::asio::awaitable<Finding> try_route(std::shared_ptr<const Route> route);

  const Parts parts_;
};

std::string outcome_name(SelfTest::Outcome outcome);

}  // namespace patchbay::hooks
