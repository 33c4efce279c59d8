#include "vault/vault.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "store/migrate.hpp"
#include "vault/impl/box.hpp"
#include "vault/impl/key_file.hpp"

namespace patchbay::vault {

// The keys in the file. Nobody changes one: another takes its place.
struct Vault::Ring {
  explicit Ring(std::vector<KeyBytes> k) : keys(std::move(k)) {
    for (const auto& key : keys) ids.push_back(key.id());
  }
  const KeyBytes* find(const std::string& id) const {
    const auto found = std::find(ids.begin(), ids.end(), id);
    return found == ids.end() ? nullptr : &keys[static_cast<std::size_t>(found - ids.begin())];
  }

  std::vector<KeyBytes> keys;
  std::vector<std::string> ids;
};

namespace {

constexpr std::string_view kCanaryText = "patchbay: this key opens this vault";

// In a scope of its own, where nothing finds it that asks for secrets of the owner.
SecretName former_of(const SecretName& name) {
  return SecretName("former " + name.scope, name.owner, name.name);
}

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

bool opens(const std::vector<KeyBytes>& keys, const std::optional<Stored>& canary) {
  return std::any_of(keys.begin(), keys.end(), [&](const KeyBytes& key) {
    return canary && canary->key_id == key.id() &&
           vault::open(key, canary->sealed, binding(canary_name(), canary->key_id)) == kCanaryText;
  });
}

}  // namespace

Vault::Vault(std::shared_ptr<const Ring> ring, std::string key_file, const Clock& clock)
    : key_file_(std::move(key_file)), clock_(clock), ring_(std::move(ring)) {}
Vault::~Vault() = default;

std::shared_ptr<const Vault::Ring> Vault::ring() const {
  const std::lock_guard lock(mutex_);
  return ring_;
}

void Vault::set_ring(std::shared_ptr<const Ring> ring) {
  const std::lock_guard lock(mutex_);
  ring_ = std::move(ring);
}

void Vault::check_key_file(const std::string& key_file) {
  read_key_file(key_file);
}

void Vault::check(store::Store& store, const std::string& key_file) {
  const auto keys = read_key_file(key_file);
  const auto canary = store.read_now([](store::Session& session) -> std::optional<std::optional<Stored>> {
    if (!store::has_table(session, "secrets") || is_unused(session)) return std::nullopt;
    return find(session, canary_name(), 0);
  });
  if (!canary) return;
  if (keys.empty()) throw about_key("vault.missing_key", key_file);
  if (!opens(keys, *canary)) throw about_key("vault.wrong_key", key_file);
}

std::unique_ptr<Vault> Vault::open(store::Store& store, const std::string& key_file, const Clock& clock) {
  check(store, key_file);
  auto keys = read_key_file(key_file);
  if (keys.empty()) keys = make_key_file(key_file);
  auto ring = std::make_shared<const Ring>(std::move(keys));
  std::unique_ptr<Vault> vault(new Vault(std::move(ring), key_file, clock));
  if (store.read_now(is_unused)) {
    store.write_now([&](store::Session& session) { vault->use_key(session, vault->ring()->ids.front()); });
  }
  return vault;
}

void Vault::put(store::Session& session, const SecretName& name, std::string_view value,
                std::optional<std::int64_t> expires_at) const {
  // Nobody switches keys until what is sealed with this one has been committed.
  if (session.dialect() == store::Dialect::postgresql)
    session.query(
        "select key_id from secrets where scope = 'vault' and owner_id = 0 and name = 'canary' for share");
  const auto used = used_key(session);
  const auto keys = ring();
  const auto* key = keys->find(used);
  if (key == nullptr) throw about_key("vault.wrong_key", key_file_);
  auto sealed = seal(*key, value, binding(name, used));
  session.exec(
      "insert into secrets(scope, owner_id, name, key_id, nonce, value, created_at, expires_at)"
      " values (:scope, :owner, :name, :key_id, :nonce, :value, :created_at, :expires_at)"
      " on conflict(scope, owner_id, name) do update set key_id = excluded.key_id, nonce = excluded.nonce,"
      " value = excluded.value, created_at = excluded.created_at, expires_at = excluded.expires_at",
      {name.scope, name.owner, name.name, used, store::Bytes(std::move(sealed.nonce)),
       store::Bytes(std::move(sealed.value)), clock_.now().time_since_epoch().count(),
       store::nullable(expires_at)});
}

void Vault::replace(store::Session& session, const SecretName& name, std::string_view value,
                    std::int64_t former_until, std::optional<std::int64_t> expires_at) const {
  std::optional<std::string> before;
  try {
    before = get(session, name);
  } catch (const Error& error) {
    if (error.code() != Code::internal) throw;  // what cannot be read is good for nothing
  }
  if (before && *before != value) {
    const auto former = former_of(name);
    const auto restored = get(session, former) == value;
    const auto row = session.query_one(
        "select expires_at from secrets where scope = :scope and owner_id = :owner and name = :name",
        {name.scope, name.owner, name.name});
    const auto ends = row ? row->maybe_integer(0) : std::nullopt;
    if (restored)
      remove(session, former);
    else
      put(session, former, *before, std::min(former_until, ends.value_or(former_until)));
    wipe(*before);
  }
  put(session, name, value, expires_at);
}

Vault::Formers Vault::formers(store::Session& session, const std::string& scope, Id owner) const {
  Formers out;
  const auto former = former_of(SecretName(scope, owner, ""));
  const auto rows = session.query(
      "select name, expires_at from secrets where scope = :scope and owner_id = :owner and expires_at > :now",
      {former.scope, owner, clock_.now().time_since_epoch().count()});
  for (const auto& row : rows) {
    try {
      auto value = get(session, SecretName(former.scope, owner, row.text(0)));
      if (value) out[row.text(0)] = Former{std::move(*value), row.integer(1)};
    } catch (const Error& error) {
      if (error.code() != Code::internal) throw;
    }
  }
  return out;
}

void Vault::set_formers(store::Session& session, const std::string& scope, Id owner,
                        const Formers& formers) const {
  const auto all = former_of(SecretName(scope, owner, ""));
  session.exec("delete from secrets where scope = :scope and owner_id = :owner", {all.scope, owner});
  for (const auto& [name, former] : formers)
    put(session, SecretName(all.scope, owner, name), former.value, former.until);
}

std::int64_t Vault::sweep(store::Session& session) const {
  return session.exec("delete from secrets where expires_at <= :now",
                      {clock_.now().time_since_epoch().count()});
}

std::optional<std::string> Vault::get(store::Session& session, const SecretName& name) const {
  const auto stored = find(session, name, clock_.now().time_since_epoch().count());
  if (!stored) return std::nullopt;
  const auto keys = ring();
  if (const auto* key = keys->find(stored->key_id)) {
    if (auto plain = vault::open(*key, stored->sealed, binding(name, stored->key_id))) return plain;
  }
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
  const auto* sql = "delete from secrets where scope = :scope and owner_id = :owner and name = :name";
  session.exec(sql, {former_of(name).scope, name.owner, name.name});
  return session.exec(sql, {name.scope, name.owner, name.name}) > 0;
}

void Vault::remove_all(store::Session& session, const std::string& scope, Id owner) const {
  session.exec("delete from secrets where scope = :scope and owner_id = :owner", {scope, owner});
  set_formers(session, scope, owner, {});
}

// --- rotation

void Vault::reload(store::Store& store) {
  check(store, key_file_);
  auto keys = read_key_file(key_file_);
  if (keys.empty()) throw about_key("vault.missing_key", key_file_);
  set_ring(std::make_shared<const Ring>(std::move(keys)));
}

std::vector<std::string> Vault::key_ids() const {
  return ring()->ids;
}

std::string Vault::used_key(store::Session& session) const {
  const auto row = session.query_one(
      "select key_id from secrets where scope = 'vault' and owner_id = 0 and name = 'canary'");
  if (!row) throw about_key("vault.wrong_key", key_file_);
  return row->text(0);
}

std::string Vault::add_key(const std::string& used) {
  auto keys = read_key_file(key_file_);
  // Keys are appended: what stands before the used one has had its time, perhaps for a reason.
  bool after_used = false;
  for (const auto& key : keys) {
    const auto id = key.id();
    if (id == used) after_used = true;
    if (id == used || !after_used) continue;
    set_ring(std::make_shared<const Ring>(std::move(keys)));
    return id;
  }
  keys.push_back(KeyBytes::random());
  write_key_file(key_file_, keys);
  auto id = keys.back().id();
  set_ring(std::make_shared<const Ring>(std::move(keys)));
  return id;
}

void Vault::use_key(store::Session& session, const std::string& id) const {
  const auto keys = ring();
  const auto* key = keys->find(id);
  if (key == nullptr) throw about_key("vault.wrong_key", key_file_);
  const auto name = canary_name();
  auto sealed = seal(*key, kCanaryText, binding(name, id));
  session.exec(
      "insert into secrets(scope, owner_id, name, key_id, nonce, value, created_at) values (:scope, :owner, "
      ":name, :key_id, "
      ":nonce, :value, :created_at) on conflict(scope, owner_id, name) do update set key_id = "
      "excluded.key_id, nonce = "
      "excluded.nonce, value = excluded.value",
      {name.scope, name.owner, name.name, id, store::Bytes(std::move(sealed.nonce)),
       store::Bytes(std::move(sealed.value)), clock_.now().time_since_epoch().count()});
}

Vault::Resealed Vault::reseal(store::Session& session, const std::optional<SecretName>& after,
                              std::int64_t most) const {
  const auto used = used_key(session);
  const auto keys = ring();
  const auto* key = keys->find(used);
  if (key == nullptr) throw about_key("vault.wrong_key", key_file_);
  const auto from = after.value_or(SecretName("", 0, ""));
  Resealed out;
  for (const auto& row :
       session.query("select scope, owner_id, name, key_id, nonce, value from secrets where key_id <> :used "
                     "and (scope, owner_id, "
                     "name) > (:scope, :owner, :name) order by scope, owner_id, name limit :most",
                     {used, from.scope, from.owner, from.name, most})) {
    const SecretName name(row.text(0), row.integer(1), row.text(2));
    const auto old = row.text(3);
    out.last = name;
    const auto* other = keys->find(old);
    auto plain = other == nullptr
                     ? std::optional<std::string>()
                     : vault::open(*other, Sealed{row.bytes(4), row.bytes(5)}, binding(name, old));
    if (!plain) {
      ++out.damaged;
      continue;
    }
    auto sealed = seal(*key, *plain, binding(name, used));
    wipe(*plain);
    // Not over a value that was stored meanwhile.
    out.done += session.exec(
        "update secrets set key_id = :used, nonce = :nonce, value = :value where scope = :scope and owner_id "
        "= :owner and "
        "name = :name and nonce = :before",
        {used, store::Bytes(std::move(sealed.nonce)), store::Bytes(std::move(sealed.value)), name.scope,
         name.owner, name.name, store::Bytes(row.bytes(4))});
  }
  return out;
}

void Vault::forget_other_keys(const std::string& used) {
  auto keys = read_key_file(key_file_);
  std::erase_if(keys, [&](const KeyBytes& key) { return key.id() != used; });
  if (keys.empty()) throw about_key("vault.wrong_key", key_file_);
  write_key_file(key_file_, keys);
  set_ring(std::make_shared<const Ring>(std::move(keys)));
}

}  // namespace patchbay::vault
