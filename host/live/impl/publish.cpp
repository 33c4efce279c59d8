#include "live/publish.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "net/rate_buckets.hpp"
#include "port/limits.hpp"

namespace patchbay::live {
namespace {

using boost::asio::awaitable;
using nlohmann::json;

constexpr const char* kExtension = "pb.live/1";
constexpr std::size_t kLongestName = 200;        // bytes of a topic or an id
constexpr std::size_t kLargestData = 64u << 10;  // bytes of its JSON

[[noreturn]] void refuse_field(const std::string& field) {
  throw Error(Code::invalid, Text("live.bad_field", {{"field", field}}));
}

json request_of(const port::Call& call) {
  if (port::is_too_deep(call.message.json)) refuse_field("data");
  auto request = json::parse(call.message.json, nullptr, false);
  if (!request.is_object()) refuse_field("topic");
  return request;
}

std::string name_field(const json& request, const char* field) {
  const auto found = request.find(field);
  if (found == request.end() || !found->is_string()) refuse_field(field);
  auto name = found->get<std::string>();
  if (name.empty() || name.size() > kLongestName || name.find('\0') != name.npos) refuse_field(field);
  return name;
}

Draft draft_of(const json& request) {
  const auto data = request.find("data");
  if (data == request.end() || !data->is_object()) refuse_field("data");
  Draft draft(data->dump(-1, ' ', false, json::error_handler_t::replace));
  if (draft.data.size() > kLargestData)
    throw Error(Code::invalid, Text("live.too_large", {{"limit", std::to_string(kLargestData)}}));
  draft.key = name_field(request, "id");
  return draft;
}

class Publisher {
 public:
  Publisher(Topics& topics, const Clock& clock) : topics_(topics), rates_(clock) {}

  awaitable<port::Result> publish(std::shared_ptr<plugin::InstanceContext> context, port::Call call) {
    const auto& needs = context->manifest->needs;
    if (std::find(needs.begin(), needs.end(), kExtension) == needs.end())
      throw Error(Code::denied, Text("plugin.not_needed", {{"extension", kExtension}}));
    const auto request = request_of(call);
    Topic topic(context->integration, name_field(request, "topic"));
    auto draft = draft_of(request);
    check_rate(*context);
    auto appending = topics_.append(std::move(topic), std::move(draft));
    const auto appended = co_await std::move(appending);
    const json reply = {{"event", std::to_string(appended.id)}, {"known", appended.known}};
    co_return port::Result(port::Message(reply.dump()));
  }

 private:
  void check_rate(const plugin::InstanceContext& context) {
    const std::vector<net::RateBuckets::Want> wants = {
        {to_string_id(context.integration), net::Rate(50, Duration{1'000}, 500)}};
    const auto wait = rates_.take(wants);
    if (wait == Duration{0}) return;
    throw Error(Code::rate_limited, Text("live.too_many")).retry_after(wait);
  }

  Topics& topics_;
  net::RateBuckets rates_;
};

}  // namespace

void add_publish(plugin::Services& services, Topics& topics, const Clock& clock) {
  const auto publisher = std::make_shared<Publisher>(topics, clock);
  services.add("pb.live/1:publish", [publisher](auto context, auto call) {
    return publisher->publish(std::move(context), std::move(call));
  });
}

}  // namespace patchbay::live
