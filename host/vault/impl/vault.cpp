#include "vault/vault.hpp"

#include "base/error.hpp"
#include "store/migrate.hpp"
#include "vault/impl/box.hpp"
#include "vault/impl/key_file.hpp"

namespace patchbay::vault {

struct Vault::Key {
  explicit Key(KeyBytes b) : bytes(std::move(b)), id(bytes.id()) {}
  KeyBytes bytes;
  std::string id;
};

namespace {

constexpr std::string_view kCanaryText = "patchbay: this key opens this vault";

SecretName canary_name() {
  return SecretName("vault", 0, "canary");
}

// Lengths keep two different names from reading the same.
std::string binding(const SecretName& name, const std::string& key_id) {
  const auto sized = [](const std::string& text) { return std::to_string(text.size()) + ":" + text; };
  return sized(name.scope) + sized(std::to_string(name.owner)) + sized(name.name) + sized(key_id);
}

struct Stored {
  std::string key_id;
  Sealed sealed;
};

std::optional<Stored> find(store::Session& session, const SecretName& name, std::int64_t now) {
  const auto row = session.query_one(
      "select key_id, nonce, value from secrets where scope = :scope and owner_id = :owner and name = :name"
      " and (expires_at is null or expires_at > :now)",
      {name.scope, name.owner, name.name, now});
  if (!row) return std::nullopt;
  return Stored{row->text(0), Sealed{row->bytes(1), row->bytes(2)}};
}

bool is_unused(store::Session& session) {
  return !session.query_one("select name from secrets limit 1");
}

Error about_key(const char* id, const std::string& file) {
  return Error(Code::invalid, Text(id, {{"file", file}}));
}

bool opens(const KeyBytes& bytes, const std::optional<Stored>& canary) {
  return canary && canary->key_id == bytes.id() &&
         vault::open(bytes, canary->sealed, binding(canary_name(), canary->key_id)) == kCanaryText;
}

}  // namespace

Vault::Vault(std::unique_ptr<const Key> key, const Clock& clock) : key_(std::move(key)), clock_(clock) {}
Vault::~Vault() = default;

void Vault::check_key_file(const std::string& key_file) {
  read_key_file(key_file);
}

void Vault::check(store::Store& store, const std::string& key_file) {
  const auto bytes = read_key_file(key_file);
  const auto canary = store.read_now([](store::Session& session) -> std::optional<std::optional<Stored>> {
    if (!store::has_table(session, "secrets") || is_unused(session)) return std::nullopt;
    return find(session, canary_name(), 0);
  });
  if (!canary) return;
  if (!bytes) throw about_key("vault.missing_key", key_file);
  if (!opens(*bytes, *canary)) throw about_key("vault.wrong_key", key_file);
}

std::unique_ptr<Vault> Vault::open(store::Store& store, const std::string& key_file, const Clock& clock) {
  check(store, key_file);
  auto bytes = read_key_file(key_file);
  auto key = std::make_unique<const Key>(bytes ? std::move(*bytes) : make_key_file(key_file));
  std::unique_ptr<Vault> vault(new Vault(std::move(key), clock));
  if (store.read_now(is_unused))
    store.write_now([&](store::Session& session) { vault->put(session, canary_name(), kCanaryText); });
  return vault;
}

void Vault::put(store::Session& session, const SecretName& name, std::string_view value,
                std::optional<std::int64_t> expires_at) const {
  auto sealed = seal(key_->bytes, value, binding(name, key_->id));
  session.exec(
      "insert into secrets(scope, owner_id, name, key_id, nonce, value, created_at, expires_at)"
      " values (:scope, :owner, :name, :key_id, :nonce, :value, :created_at, :expires_at)"
      " on conflict(scope, owner_id, name) do update set key_id = excluded.key_id, nonce = excluded.nonce,"
      " value = excluded.value, created_at = excluded.created_at, expires_at = excluded.expires_at",
      {name.scope, name.owner, name.name, key_->id, store::Bytes(std::move(sealed.nonce)),
       store::Bytes(std::move(sealed.value)), clock_.now().time_since_epoch().count(),
       store::nullable(expires_at)});
}

std::optional<std::string> Vault::get(store::Session& session, const SecretName& name) const {
  const auto stored = find(session, name, clock_.now().time_since_epoch().count());
  if (!stored) return std::nullopt;
  auto plain = vault::open(key_->bytes, stored->sealed, binding(name, stored->key_id));
  if (plain) return plain;
  throw Error(Code::internal,
              Text("vault.damaged",
                   {{"scope", name.scope}, {"owner", std::to_string(name.owner)}, {"name", name.name}}));
}

std::vector<std::string> Vault::names(store::Session& session, const std::string& scope, Id owner) const {
  const auto rows = session.query(
      "select name from secrets where scope = :scope and owner_id = :owner and (expires_at is null or "
      "expires_at > :now)"
      " order by name",
      {scope, owner, clock_.now().time_since_epoch().count()});
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const auto& row : rows) names.push_back(row.text(0));
  return names;
}

bool Vault::remove(store::Session& session, const SecretName& name) const {
  return session.exec("delete from secrets where scope = :scope and owner_id = :owner and name = :name",
                      {name.scope, name.owner, name.name}) > 0;
}

void Vault::remove_all(store::Session& session, const std::string& scope, Id owner) const {
  session.exec("delete from secrets where scope = :scope and owner_id = :owner", {scope, owner});
}

}  // namespace patchbay::vault
