// pb.oauth/1: tokens for protocols that the host does not speak (SASL XOAUTH2). Requests over pb.http/1 name
// the grant instead and never see its token.
#include <map>

#include "base/error.hpp"
#include "plugin/impl/services/grant_tokens.hpp"
#include "plugin/impl/services/kept.hpp"
#include "plugin/impl/services/reading.hpp"
#include "plugin/impl/services/verbs.hpp"
#include "store/audit.hpp"

namespace patchbay::plugin {

using boost::asio::awaitable;
using nlohmann::json;

awaitable<GrantToken> grant_token(Services::Parts parts, std::shared_ptr<InstanceContext> context,
                                  std::string name, Duration min_valid, std::string rejected) {
  if (!context->manifest->grants.contains(name))
    throw Error(Code::not_found, Text("plugin.no_such_grant", {{"grant", name}}));
  const auto found = context->grants.find(name);
  std::optional<Error> signed_out;
  if (found != context->grants.end() && parts.tokens) {
    for (const auto grant : found->second) {
      try {
        auto asking = parts.tokens(grant, min_valid, rejected);
        auto token = co_await std::move(asking);
        token.grant = grant;
        co_return token;
      } catch (const Error& error) {
        if (error.code() != Code::unauthenticated) throw;
        signed_out = error;
      }
    }
  }
  if (signed_out) throw Error(*signed_out);
  throw Error(Code::unauthenticated, Text("plugin.not_signed_in", {{"grant", name}}));
}

std::string grant_of(const std::string& name) {
  const auto colon = name.find(':');
  const auto kind = name.substr(0, colon);
  const auto rest = name.substr(colon + 1);
  if (kind == "oauth") return rest;
  return kind == "grant" ? rest.substr(0, rest.find('.')) : std::string();
}

// Not a name that the host uses for a grant.
vault::SecretName found_secret(Id grant, const std::string& name) {
  return vault::SecretName("grant", grant, "found." + name);
}

awaitable<SecretValues> grant_values(Services::Parts parts, std::shared_ptr<InstanceContext> context,
                                     GrantToken token, SecretNames names) {
  SecretValues values;
  std::map<std::string, std::string> found;  // by name: that within the grant
  for (const auto& name : names) {
    const auto dot = name.find('.');
    const auto part = dot == name.npos ? std::string() : name.substr(dot + 1);
    if (part == kGrantUser)
      values[name] = token.user;
    else if (part.empty() || part == kGrantPassword)
      values[name] = token.value;
    else
      found[name] = part;
  }
  if (found.empty()) co_return values;
  const auto* const vault = &parts.vault;
  auto work = [vault, grant = token.grant, found](store::Session& session) {
    SecretValues out;
    for (const auto& [name, part] : found) {
      auto value = vault->get(session, found_secret(grant, part));
      if (!value) throw Error(Code::unauthenticated, Text("plugin.secret_missing", {{"secret", part}}));
      out.emplace(name, std::move(*value));
    }
    return out;
  };
  auto loaded = co_await parts.store.read(std::move(work));
  // Others who share the grant may have found another one: what logs must not show is the present one.
  for (const auto& [name, value] : loaded) context->kept->renew(name, value);
  values.merge(loaded);
  co_return values;
}

namespace {

constexpr std::int64_t kDefaultValid = 60;
constexpr std::int64_t kLongestValid = 3600;

class OAuthVerbs {
 public:
  explicit OAuthVerbs(const Services::Parts& parts) : parts_(parts) {}

  awaitable<port::Result> token(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto request = request_of(call);
    const auto name = text_field(request, "grant");
    const auto valid = request.contains("min_valid_s") ? number_field(request, "min_valid_s") : kDefaultValid;
    if (valid < 0 || valid > kLongestValid) bad_field("min_valid_s");
    auto rejected = request.contains("rejected") ? text_field(request, "rejected") : std::string();
    const auto token =
        co_await grant_token(parts_, context, name, std::chrono::seconds(valid), std::move(rejected));
    co_await note(context, name, token.value);
    json reply;
    reply["token"] = token.value;
    reply["expires_at"] = token.expires_at ? json(to_rfc3339(*token.expires_at)) : json();
    reply["user"] = token.user;
    co_return reply_of(reply);
  }

 private:
  // Once for each token that leaves the host.
  awaitable<void> note(std::shared_ptr<InstanceContext> context, std::string name, std::string value) {
    const auto key = "oauth:" + name;
    const auto known = context->kept->find({key});
    if (const auto last = known.find(key); last != known.end() && last->second == value) co_return;
    auto work = [this, context, name](store::Session& session) {
      const json detail = {{"name", name}};
      store::write_audit(
          session, store::AuditEntry(parts_.ids.next(), parts_.clock.now().time_since_epoch().count(),
                                     "plugin:" + context->manifest->id, "token.read",
                                     "integration:" + to_string_id(context->integration), detail.dump()));
    };
    co_await parts_.store.write(std::move(work));
    context->kept->renew(key, value);
  }

  const Services::Parts parts_;
};

}  // namespace

void add_oauth(Services& services, const Services::Parts& parts) {
  const auto verbs = std::make_shared<OAuthVerbs>(parts);
  services.add("pb.oauth/1:token", [verbs](auto context, auto call) {
    return verbs->token(std::move(context), std::move(call));
  });
}

}  // namespace patchbay::plugin
