// pb.state/1: small facts that a plugin keeps for an integration, guarded against lost updates.
#include "base/error.hpp"
#include "plugin/impl/services/reading.hpp"
#include "plugin/impl/services/verbs.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestKey = 200;
constexpr std::size_t kLargestValue = 256u << 10;
constexpr std::int64_t kMostKeys = 10'000;

struct Entry {
  std::string value = "null";
  std::int64_t version = 0;
};

struct Change {
  std::string key;
  std::string value;  // empty: delete
  std::optional<std::int64_t> expected;
};

std::string key_of(const json& request) {
  auto key = text_field(request, "key");
  if (key.empty() || key.size() > kLongestKey || key.find('\0') != key.npos) bad_field("key");
  return key;
}

Change change_of(const json& request) {
  Change change;
  change.key = key_of(request);
  if (!request.contains("value")) bad_field("value");
  const auto& value = request.at("value");
  if (!value.is_null()) change.value = value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (change.value.size() > kLargestValue) {
    throw Error(Code::invalid, Text("plugin.state_too_large",
                                    {{"key", change.key}, {"limit", std::to_string(kLargestValue)}}));
  }
  const auto expected = request.find("expected_version");
  if (expected != request.end() && !expected->is_null())
    change.expected = number_field(request, "expected_version");
  return change;
}

Entry find(store::Session& session, Id integration, const std::string& key) {
  const auto row = session.query_one(
      "select value, version from plugin_state where integration = :i and key = :k", {integration, key});
  Entry entry;
  if (!row) return entry;
  entry.value = row->text(0);
  entry.version = row->integer(1);
  return entry;
}

[[noreturn]] void conflict(const std::string& key) {
  throw Error(Code::conflict, Text("plugin.state_changed", {{"key", key}}));
}

void check_room(store::Session& session, Id integration) {
  const auto row = session.query_one(
      "select cast(count(*) as bigint) from plugin_state where integration = :i", {integration});
  if (row->integer(0) >= kMostKeys) {
    throw Error(Code::invalid, Text("plugin.state_full", {{"limit", std::to_string(kMostKeys)}}));
  }
}

// The new version. The compared version is part of each statement, so that two writers cannot both win.
std::int64_t apply(store::Session& session, Id integration, const Change& change) {
  const auto before = find(session, integration, change.key);
  if (change.expected && *change.expected != before.version) conflict(change.key);
  std::int64_t changed = 0;
  if (change.value.empty()) {
    if (before.version == 0) return 0;
    changed = session.exec("delete from plugin_state where integration = :i and key = :k and version = :v",
                           {integration, change.key, before.version});
    if (changed == 0) conflict(change.key);
    return 0;
  }
  if (before.version == 0) {
    check_room(session, integration);
    changed = session.exec(
        "insert into plugin_state(integration, key, value, version) values (:i, :k, :t, 1) on conflict do "
        "nothing",
        {integration, change.key, change.value});
  } else {
    changed = session.exec(
        "update plugin_state set value = :t, version = version + 1 where integration = :i and key = :k and "
        "version = :v",
        {change.value, integration, change.key, before.version});
  }
  if (changed == 0) conflict(change.key);
  return before.version + 1;
}

class StateVerbs {
 public:
  StateVerbs(store::Store& store, Storage* storage) : store_(store), storage_(storage) {}

  boost::asio::awaitable<port::Result> get(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto key = key_of(request_of(call));
    auto work = [context, key](store::Session& session) { return find(session, context->integration, key); };
    const auto entry = co_await store_.read(std::move(work));
    json reply;
    reply["value"] = json::parse(entry.value);
    reply["version"] = entry.version;
    co_return reply_of(reply);
  }

  boost::asio::awaitable<port::Result> put(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto change = change_of(request_of(call));
    const auto size = static_cast<std::int64_t>(change.value.size());
    if (storage_ != nullptr && size > 0)
      co_await storage_->charge(context->integration, size + Storage::kEachRow);
    auto work = [context, change](store::Session& session) {
      return apply(session, context->integration, change);
    };
    const auto version = co_await store_.write(std::move(work));
    json reply;
    reply["version"] = version;
    co_return reply_of(reply);
  }

 private:
  store::Store& store_;
  Storage* const storage_;
};

}  // namespace

void add_state(Services& services, const Services::Parts& parts) {
  const auto verbs = std::make_shared<StateVerbs>(parts.store, parts.storage);
  services.add("pb.state/1:get",
               [verbs](auto context, auto call) { return verbs->get(std::move(context), std::move(call)); });
  services.add("pb.state/1:put",
               [verbs](auto context, auto call) { return verbs->put(std::move(context), std::move(call)); });
}

}  // namespace patchbay::plugin
