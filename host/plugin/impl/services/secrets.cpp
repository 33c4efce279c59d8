// pb.secrets/1: for protocols that the host does not speak, and for secrets that a plugin finds. Both leave a
// trace in audit.
#include "base/error.hpp"
#include "base/rfc3339.hpp"
#include "plugin/impl/services/grant_tokens.hpp"
#include "plugin/impl/services/kept.hpp"
#include "plugin/impl/services/reading.hpp"
#include "plugin/impl/services/verbs.hpp"
#include "plugin/verifier_secrets.hpp"
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

// Whose secret it is: the integration's, or that of the grant which works, shared by all who use it.
struct Owner {
  const char* scope = "integration";
  Id id = 0;
  std::string grant;  // empty: the integration

  vault::SecretName key(const std::string& name) const {
    return grant.empty() ? vault::SecretName(scope, id, name) : found_secret(id, name);
  }
  // As placeholders call it.
  std::string kept_as(const std::string& name) const {
    return grant.empty() ? "secret:" + name : "grant:" + grant + "." + name;
  }
  std::string label() const { return std::string(scope) + ":" + to_string_id(id); }
};

class SecretVerbs {
 public:
  explicit SecretVerbs(const Services::Parts& parts) : parts_(parts) {}

  boost::asio::awaitable<port::Result> get(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto request = request_of(call);
    const auto name = name_of(request);
    const auto owner = co_await owner_of(context, request);
    auto work = [this, context, owner, name](store::Session& session) {
      auto value = parts_.vault.get(session, owner.key(name));
      if (value) audit(session, *context, owner, "secret.read", name);
      return value;
    };
    const auto value = co_await parts_.store.write(std::move(work));
    if (!value) throw Error(Code::not_found, Text("plugin.secret_missing", {{"secret", name}}));
    context->kept->renew(owner.kept_as(name), *value);
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
    const auto owner = co_await owner_of(context, request);
    auto work = [this, context, owner, name, value, expires_at](store::Session& session) {
      check_room(session, owner, name);
      store_secret(session, parts_.vault, *context->manifest, owner.key(name), value, parts_.clock.now(),
                   expires_at);
      audit(session, *context, owner, "secret.write", name);
    };
    co_await parts_.store.write(std::move(work));
    context->kept->forget(owner.kept_as(name));
    // One that ends is not kept: the vault knows when it is over.
    if (!expires_at) context->kept->renew(owner.kept_as(name), value);
    if (owner.grant.empty() && parts_.on_secret) {
      auto telling = parts_.on_secret(context->integration);
      co_await std::move(telling);
    }
    co_return reply_of(json::object());
  }

 private:
  boost::asio::awaitable<Owner> owner_of(std::shared_ptr<InstanceContext> context, json request) {
    Owner owner;
    owner.id = context->integration;
    if (!request.contains("grant")) co_return owner;
    owner.scope = "grant";
    owner.grant = text_field(request, "grant");
    const auto token = co_await grant_token(parts_, context, owner.grant, Duration(0), std::string());
    owner.id = token.grant;
    co_return owner;
  }

  void check_room(store::Session& session, const Owner& owner, const std::string& name) const {
    const auto names = parts_.vault.names(session, owner.scope, owner.id);
    if (names.size() < kMostSecrets || parts_.vault.get(session, owner.key(name))) return;
    throw Error(Code::invalid, Text("plugin.secrets_full", {{"limit", std::to_string(kMostSecrets)}}));
  }

  void audit(store::Session& session, const InstanceContext& context, const Owner& owner, const char* action,
             const std::string& name) const {
    json detail;
    detail["name"] = name;
    store::write_audit(
        session, store::AuditEntry(parts_.ids.next(), parts_.clock.now().time_since_epoch().count(),
                                   "plugin:" + context.manifest->id, action, owner.label(), detail.dump()));
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
