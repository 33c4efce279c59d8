#include "web/api/secrets.hpp"

#include <nlohmann/json.hpp>

#include "store/audit.hpp"
#include "vault/rotation.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using nlohmann::json;

json shown_secrets(store::Session& session, const vault::Vault& vault, const std::string& scope, Id owner) {
  json formers = json::object();
  for (const auto& [name, former] : vault.formers(session, scope, owner))
    formers[name] = time_of(former.until);
  return {{"secrets", vault.names(session, scope, owner)}, {"former_secrets", formers}};
}

void SecretsApi::add_to(Router& router) {
  router.add(
      Operation::manage_secrets, Verb::post, "/api/v1/secrets/rotate", bound(this, &SecretsApi::rotate),
      Doc("Replace the master key")
          .about("While everything runs. What was broken off is finished by calling it again.")
          .json(
              R"({"type": "object", "additionalProperties": false, "required": ["confirm"], "properties": {"confirm": {"const": true}}})")
          .answers(200, "Replaced",
                   R"({"type": "object", "required": ["key", "secrets", "damaged"], "properties": {
                          "key": {"type": "string", "description": "The id of the key that is used now"},
                          "secrets": {"type": "integer", "description": "Encrypted anew"},
                          "damaged": {"type": "integer", "description": "Cannot be decrypted: to be entered again"},
                          "old_key_kept": {"type": "boolean", "description": "The key file cannot be written: take the old key out of it"}}})")
          .errors({409, 503}));
}

asio::awaitable<Response> SecretsApi::rotate(Call call) {
  const auto done = co_await vault::rotate(vault_, store_, known_);
  auto note = [at = clock_.now().time_since_epoch().count(), id = ids_.next(), who = call.who.actor(),
               key = done.key](store::Session& session) {
    store::write_audit(
        session, store::AuditEntry(id, at, who, "secrets.rotate", "vault", json({{"key", key}}).dump()));
  };
  co_await store_.write(std::move(note));
  const json body = {{"key", done.key},
                     {"secrets", done.secrets},
                     {"damaged", done.damaged},
                     {"old_key_kept", done.old_key_kept}};
  co_return answer(200, body);
}

}  // namespace patchbay::web
