// pb.secrets/1: for protocols that the host does not speak, and for secrets that a plugin finds. Both leave a
// trace in audit.
#include <algorithm>

#include "base/error.hpp"
#include "base/rfc3339.hpp"
#include "plugin/impl/services/kept.hpp"
#include "plugin/impl/services/reading.hpp"
#include "plugin/impl/services/verbs.hpp"
#include "store/audit.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;

constexpr std::size_t kLargestSecret = 64u << 10;
constexpr std::size_t kMostSecrets = 100;

std::string name_of(const json& request) {
  auto name = text_field(request, "name");
  SecretNames names;
  collect_names("{{secret:" + name + "}}", names);  // refuses what no placeholder could name
  if (names != SecretNames{"secret:" + name}) bad_field("name");
  return name;
}

std::optional<std::int64_t> expiry_of(const json& request) {
  const auto field = request.find("expires_at");
  if (field == request.end() || field->is_null()) return std::nullopt;
  const auto time = parse_rfc3339(text_field(request, "expires_at"));
  if (!time) bad_field("expires_at");
  return time->time_since_epoch().count();
}

class SecretVerbs {
 public:
  explicit SecretVerbs(const Services::Parts& parts) : parts_(parts) {}

  boost::asio::awaitable<port::Result> get(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto name = name_of(request_of(call));
    auto work = [this, context, name](store::Session& session) {
      auto value = parts_.vault.get(session, key_of(*context, name));
      if (value) audit(session, *context, "secret.read", name);
      return value;
    };
    const auto value = co_await parts_.store.write(std::move(work));
    if (!value) throw Error(Code::not_found, Text("plugin.secret_missing", {{"secret", name}}));
    SecretValues known;
    known.emplace("secret:" + name, *value);
    context->kept->keep(known);
    json reply;
    reply["value"] = *value;
    co_return reply_of(reply);
  }

  boost::asio::awaitable<port::Result> put(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto request = request_of(call);
    const auto name = name_of(request);
    const auto value = text_field(request, "value");
    const auto expires_at = expiry_of(request);
    if (value.empty() || value.size() > kLargestSecret) bad_field("value");
    auto work = [this, context, name, value, expires_at](store::Session& session) {
      check_room(session, *context, name);
      parts_.vault.put(session, key_of(*context, name), value, expires_at);
      audit(session, *context, "secret.write", name);
    };
    co_await parts_.store.write(std::move(work));
    context->kept->forget("secret:" + name);
    SecretValues known;
    // One that ends is not kept: the vault knows when it is over.
    if (!expires_at) known.emplace("secret:" + name, value);
    context->kept->keep(known);
    if (parts_.on_secret) {
      auto telling = parts_.on_secret(context->integration);
      co_await std::move(telling);
    }
    co_return reply_of(json::object());
  }

 private:
  static vault::SecretName key_of(const InstanceContext& context, const std::string& name) {
    return vault::SecretName("integration", context.integration, name);
  }

  void check_room(store::Session& session, const InstanceContext& context, const std::string& name) const {
    const auto names = parts_.vault.names(session, "integration", context.integration);
    if (names.size() < kMostSecrets || std::find(names.begin(), names.end(), name) != names.end()) return;
    throw Error(Code::invalid, Text("plugin.secrets_full", {{"limit", std::to_string(kMostSecrets)}}));
  }

  void audit(store::Session& session, const InstanceContext& context, const char* action,
             const std::string& name) const {
    json detail;
    detail["name"] = name;
    store::write_audit(session,
                       store::AuditEntry(parts_.ids.next(), parts_.clock.now().time_since_epoch().count(),
                                         "plugin:" + context.manifest->id, action,
                                         "integration:" + to_string_id(context.integration), detail.dump()));
  }

  const Services::Parts parts_;
};

}  // namespace

void add_secrets(Services& services, const Services::Parts& parts) {
  const auto verbs = std::make_shared<SecretVerbs>(parts);
  services.add("pb.secrets/1:get",
               [verbs](auto context, auto call) { return verbs->get(std::move(context), std::move(call)); });
  services.add("pb.secrets/1:put",
               [verbs](auto context, auto call) { return verbs->put(std::move(context), std::move(call)); });
}

}  // namespace patchbay::plugin
