#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "net/rate_buckets.hpp"
#include "plugin/dns_verbs.hpp"
#include "plugin/impl/services/reading.hpp"

namespace patchbay::plugin {
namespace {

using boost::asio::awaitable;
using net::DnsType;
using nlohmann::json;

constexpr Duration kLongest{30'000};
constexpr Duration kUnlessSaid{10'000};

DnsType type_of(const std::string& word) {
  static const std::map<std::string, DnsType> known = {{"A", DnsType::a},
                                                       {"AAAA", DnsType::aaaa},
                                                       {"MX", DnsType::mx},
                                                       {"SRV", DnsType::srv},
                                                       {"TXT", DnsType::txt}};
  const auto found = known.find(word);
  if (found == known.end()) bad_field("type");
  return found->second;
}

json shown(const net::DnsRecord& record, DnsType type) {
  json out = {{"ttl", record.ttl}};
  switch (type) {
    case DnsType::a:
    case DnsType::aaaa:
      out["address"] = record.data;
      break;
    case DnsType::txt:
      out["text"] = record.data;
      break;
    case DnsType::srv:
      out["weight"] = record.weight;
      out["port"] = record.port;
      [[fallthrough]];
    case DnsType::mx:
      out["priority"] = record.priority;
      out["target"] = record.data;
      break;
  }
  return out;
}

class DnsVerbs {
 public:
  DnsVerbs(net::Dns& dns, const Clock& clock) : dns_(dns), rates_(clock) {}

  awaitable<port::Result> resolve(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto& needs = context->manifest->needs;
    if (std::find(needs.begin(), needs.end(), "pb.dns/1") == needs.end())
      throw Error(Code::denied, Text("plugin.not_needed", {{"extension", "pb.dns/1"}}));
    const auto request = request_of(call);
    const auto name = text_field(request, "name");
    const auto type = type_of(text_field(request, "type"));
    if (!net::is_dns_name(name)) bad_field("name");
    check_rate(*context);
    const auto limit = call.timeout > Duration{0} ? std::min(call.timeout, kLongest) : kUnlessSaid;
    auto resolving = dns_.resolve(name, type, limit);
    const auto records = co_await std::move(resolving);
    json reply = {{"records", json::array()}};
    for (const auto& each : records) reply["records"].push_back(shown(each, type));
    co_return reply_of(reply);
  }

 private:
  void check_rate(const InstanceContext& context) {
    const std::vector<net::RateBuckets::Want> wants = {
        {to_string_id(context.integration), net::Rate(10, Duration{1'000}, 100)}};
    const auto wait = rates_.take(wants);
    if (wait == Duration{0}) return;
    throw Error(Code::rate_limited, Text("plugin.too_many_names")).retry_after(wait);
  }

  net::Dns& dns_;
  net::RateBuckets rates_;
};

}  // namespace

void add_dns(Services& services, net::Dns& dns, const Clock& clock) {
  const auto verbs = std::make_shared<DnsVerbs>(dns, clock);
  services.add("pb.dns/1:resolve", [verbs](auto context, auto call) {
    return verbs->resolve(std::move(context), std::move(call));
  });
}

}  // namespace patchbay::plugin
