// pb.net/1: the host connects, and hands the socket over.
#include "net/connect.hpp"

#include <nlohmann/json.hpp>

#include "base/between.hpp"
#include "base/error.hpp"
#include "net/rate_buckets.hpp"
#include "plugin/impl/services/host_rules.hpp"
#include "plugin/impl/services/kept.hpp"
#include "plugin/impl/services/reading.hpp"
#include "plugin/impl/services/verbs.hpp"
#include "plugin/profiles.hpp"

namespace patchbay::plugin {
namespace {

using boost::asio::awaitable;
using nlohmann::json;

constexpr Duration kLongest{120'000};
constexpr Duration kUnlessSaid{30'000};
const net::Rate kOfThisHost(100, Duration{1'000}, 200);  // new connections (N9)
const net::Rate kOfOnePlace(10, Duration{1'000}, 50);

class NetVerbs {
 public:
  explicit NetVerbs(const Services::Parts& parts)
      : parts_(parts),
        own_(parts.network == nullptr ? net::make_network(parts.clock) : nullptr),
        network_(own_ ? *own_ : *parts.network),
        rates_(parts.clock),
        connections_(parts.metrics.define({metrics::Kind::counter,
                                           "patchbay_net_connections_total",
                                           "Connections that the host made for plugins, by outcome",
                                           {"plugin", "outcome"}})) {}

  awaitable<port::Result> connect(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto request = request_of(call);
    const auto host = text_field(request, "host");
    const auto port = number_field(request, "port");
    if (port < 1 || port > 65535) bad_field("port");
    const auto number = static_cast<std::uint16_t>(port);
    if (!may_connect(*context, host, number))
      throw Error(Code::denied,
                  Text("plugin.net_not_declared", {{"host", host}, {"port", std::to_string(port)}}));
    check_rate(*context);
    const auto until = parts_.clock.monotonic() +
                       (call.timeout > Duration{0} ? std::min(call.timeout, kLongest) : kUnlessSaid);
    co_await take_turn(host + ":" + std::to_string(port), until);
    const auto limit = std::chrono::duration_cast<Duration>(until - parts_.clock.monotonic());
    try {
      auto connecting =
          net::connect(network_, parts_.clock, parts_.opened.get(), parts_.proxy, host, number, limit);
      auto connected = co_await std::move(connecting);
      json reply = {{"address", connected.peer}};
      const auto own = authorities_of(*context->manifest, context->profile_settings);
      const auto& authorities = own.empty() ? parts_.authorities : own;
      if (!authorities.empty()) reply["authorities"] = authorities;
      auto result = reply_of(reply);
      result.fd = std::make_shared<port::Fd>(connected.socket.release());
      note(*context, "ok");
      co_return result;
    } catch (const Error& error) {
      note(*context, std::string(code_name(error.code())));
      throw;
    }
  }

 private:
  // What runs in circles must not be the provider's trouble.
  void check_rate(const InstanceContext& context) {
    const net::Rate rate(1, Duration{1'000}, 60);
    const std::vector<net::RateBuckets::Want> wants = {{to_string_id(context.integration), rate}};
    const auto wait = rates_.take(wants);
    if (wait == Duration{0}) return;
    throw Error(Code::rate_limited, Text("plugin.too_many_connections")).retry_after(wait);
  }

  // After the end of a worker, of a network or of a night thousands want to connect at once: providers take
  // that for an attack. Who cannot have his turn in time is told when to come again.
  awaitable<void> take_turn(std::string place, std::chrono::nanoseconds until) {
    const std::vector<net::RateBuckets::Want> wants = {{"*", kOfThisHost}, {place, kOfOnePlace}};
    for (;;) {
      const auto wait = rates_.take(wants);
      if (wait == Duration{0}) co_return;
      // Not all at the same moment again.
      const auto jittered = wait + between(Duration{0}, wait);
      if (parts_.clock.monotonic() + jittered >= until)
        throw Error(Code::rate_limited, Text("plugin.connections_queue", {{"place", place}}))
            .retry_after(jittered);
      co_await parts_.clock.sleep(jittered);
    }
  }

  void note(const InstanceContext& context, const std::string& outcome) const {
    connections_.add(1, {context.manifest->id, outcome});
  }

  const Services::Parts parts_;
  const std::unique_ptr<net::Network> own_;
  net::Network& network_;
  net::RateBuckets rates_;
  const metrics::Metric connections_;
};

}  // namespace

void add_net(Services& services, const Services::Parts& parts) {
  const auto verbs = std::make_shared<NetVerbs>(parts);
  services.add("pb.net/1:connect", [verbs](auto context, auto call) {
    return verbs->connect(std::move(context), std::move(call));
  });
}

}  // namespace patchbay::plugin
