#include "domain/settings/settings.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "domain/journal/journal.hpp"
#include "plugin/settings.hpp"
#include "schema/nearest.hpp"
#include "store/audit.hpp"
#include "store/dialect.hpp"

namespace patchbay::domain::settings {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

vault::SecretName secret_of(const Definition& definition) {
  if (!definition.plugin.empty()) return plugin::setting_secret(definition.plugin, definition.code);
  return {"setting", 0, definition.code};
}

[[noreturn]] void refuse(Text why) {
  Error error(Code::invalid, Text("domain.refused"));
  throw error.add(Diagnostic("/value", std::move(why)));
}

// An address is kept without a slash at its end, as it is put together with paths.
json in_one_spelling(const Definition& definition, json value) {
  if (!value.is_string()) return value;
  auto text = value.get<std::string>();
  while (definition.is_address && text.ends_with('/')) text.pop_back();
  if (definition.is_country)
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

const Definition* find_own(std::string_view code) {
  for (const auto& one : definitions()) {
    if (one.code == code) return &one;
  }
  return nullptr;
}

// What the audit log says of a value.
json told(const Definition& definition, const json& value) {
  if (definition.type == Type::secret) return value.is_null() ? "not set" : "set";
  return value.is_null() ? definition.standard : value;
}

}  // namespace

Settings::Values Settings::read_all(store::Session& session) {
  Values values;
  for (const auto& row :
       session.query("select code, value, updated_at, updated_by, blob from setting_values")) {
    Stored stored;
    stored.value = json::parse(row.text(1));
    stored.updated_at = row.integer(2);
    stored.updated_by = row.text(3);
    stored.blob = row.maybe_integer(4);
    values.emplace(row.text(0), std::move(stored));
  }
  return values;
}

std::shared_ptr<const Settings::Values> Settings::values() const {
  const std::lock_guard lock(mutex_);
  return values_;
}

std::int64_t Settings::sets() const {
  const std::lock_guard lock(mutex_);
  return sets_;
}

bool Settings::take(Values fresh, std::int64_t begun, bool is_set) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_late = sets_ != begun;
    if (is_set) ++sets_;
    if (is_late) return false;
    if (*values_ == fresh) return true;
    values_ = std::make_shared<const Values>(std::move(fresh));
  }
  if (parts_.changed) parts_.changed();
  return true;
}

std::vector<Definition> Settings::known() const {
  auto all = definitions();
  if (!parts_.of_plugins) return all;
  const auto by_code = [](const Definition& a, const Definition& b) { return a.code < b.code; };
  for (auto& one : parts_.of_plugins()) {
    const auto place = std::lower_bound(all.begin(), all.end(), one, by_code);
    if (place == all.end() || place->code != one.code) all.insert(place, std::move(one));
  }
  return all;
}

Definition Settings::require(std::string_view code) const {
  if (const auto* own = find_own(code)) return *own;
  std::vector<std::string> codes;
  for (auto& one : known()) {
    if (one.code == code) return std::move(one);
    codes.push_back(one.code);
  }
  const auto near = schema::nearest(code, codes);
  throw Error(Code::not_found,
              Text(near.empty() ? "domain.settings.unknown" : "domain.settings.unknown_nearest",
                   {{"code", std::string(code.substr(0, 100))}, {"nearest", near}}));
}

Definition Settings::require_file(const std::string& code) const {
  auto definition = require(code);
  if (definition.type != Type::file) refuse(Text("domain.settings.no_file", {{"code", code}}));
  return definition;
}

// Null where the default counts: a plugin's setting may have been of another type once.
const Settings::Stored* Settings::stored_in(const Values& values, const Definition& definition) {
  const auto found = values.find(definition.code);
  if (found == values.end()) return nullptr;
  const auto& stored = found->second;
  const bool fits = definition.type == Type::file     ? stored.blob.has_value()
                    : definition.type == Type::secret ? stored.value == json(true)
                                                      : !refusal(definition, stored.value);
  return fits ? &stored : nullptr;
}

Setting Settings::shown(Definition definition, const Values& values) {
  Setting setting;
  setting.value = definition.standard;
  if (const auto* stored = stored_in(values, definition)) {
    setting.is_set = true;
    if (definition.type != Type::secret) setting.value = stored->value;
    setting.blob = stored->blob;
    setting.updated_at = stored->updated_at;
    setting.updated_by = stored->updated_by;
  }
  setting.definition = std::move(definition);
  return setting;
}

json Settings::value_of(std::string_view code) const {
  const auto now = values();
  const auto* own = find_own(code);
  const auto definition = own != nullptr ? *own : require(code);
  const auto* stored = stored_in(*now, definition);
  return stored != nullptr ? stored->value : definition.standard;
}

std::int64_t Settings::number(std::string_view code) const {
  return value_of(code).get<std::int64_t>();
}

std::string Settings::text(std::string_view code) const {
  return value_of(code).get<std::string>();
}

bool Settings::yes(std::string_view code) const {
  return value_of(code).get<bool>();
}

asio::awaitable<std::string> Settings::secret(std::string code) {
  auto work = [this, name = secret_of(require(code))](store::Session& session) {
    return parts_.vault.get(session, name).value_or("");
  };
  co_return co_await parts_.store.read(std::move(work));
}

std::vector<Setting> Settings::all() const {
  const auto now = values();
  std::vector<Setting> all;
  for (auto& one : known()) all.push_back(shown(std::move(one), *now));
  return all;
}

Setting Settings::get(const std::string& code) const {
  return shown(require(code), *values());
}

std::optional<Setting> Settings::find(const std::string& code) const {
  for (auto& one : known()) {
    if (one.code == code) return shown(std::move(one), *values());
  }
  return std::nullopt;
}

bool Settings::has_value(const std::string& code) const {
  const auto setting = find(code);
  return setting && (setting->is_set || (!setting->value.is_null() && setting->value != ""));
}

asio::awaitable<Setting> Settings::set(std::string code, json value, store::Actor who) {
  auto definition = require(code);
  value = in_one_spelling(definition, std::move(value));
  if (!value.is_null()) {
    if (auto why = refusal(definition, value)) refuse(std::move(*why));
  }
  Stored wanted;
  wanted.value = std::move(value);
  auto storing = store_value(std::move(definition), std::move(wanted), std::move(who));
  co_return co_await std::move(storing);
}

asio::awaitable<Setting> Settings::set_file(std::string code, store::Blob file, store::Actor who) {
  auto definition = require_file(code);
  Stored wanted;
  wanted.value = {{"name", file.name}, {"type", file.type}, {"size", file.size}, {"sha256", file.sha256}};
  wanted.blob = file.id;
  auto storing = store_value(std::move(definition), std::move(wanted), std::move(who));
  co_return co_await std::move(storing);
}

asio::awaitable<Setting> Settings::store_value(Definition definition, Stored wanted, store::Actor who) {
  wanted.updated_by = who.name;
  wanted.updated_at = parts_.clock.now().time_since_epoch().count();
  auto work = [definition, wanted, who, this](store::Session& session) {
    const auto& code = definition.code;
    auto now = read_all(session);
    const auto before = now.find(code);
    const auto old = before == now.end() ? json() : before->second.value;
    const bool is_secret = definition.type == Type::secret;
    if (is_secret ? old.is_null() && wanted.value.is_null() : old == wanted.value) return now;
    if (wanted.value.is_null()) {
      session.exec("delete from setting_values where code = :code", {code});
      if (is_secret) parts_.vault.remove(session, secret_of(definition));
    } else {
      if (is_secret) parts_.vault.put(session, secret_of(definition), wanted.value.get<std::string>());
      session.exec(
          "insert into setting_values(code, value, updated_at, updated_by, blob) values (:code, :value, :at, "
          ":who, :blob) on conflict(code) do update set value = excluded.value, updated_at = "
          "excluded.updated_at, updated_by = excluded.updated_by, blob = excluded.blob",
          {code, is_secret ? std::string("true") : wanted.value.dump(), wanted.updated_at, wanted.updated_by,
           store::nullable(wanted.blob)});
    }
    const json detail = {{"old", told(definition, old)}, {"new", told(definition, wanted.value)}};
    store::write_audit(session, store::AuditEntry(parts_.ids.next(), wanted.updated_at, who, "setting.change",
                                                  "setting:" + code, detail.dump()));
    journal::write(session, parts_.ids, parts_.clock.now(), journal::Entry("settings.changed"));
    return read_all(session);
  };
  const auto begun = sets();
  auto fresh = co_await parts_.store.write(std::move(work));
  if (!take(std::move(fresh), begun, true)) co_await read();
  co_return shown(std::move(definition), *values());
}

asio::awaitable<void> Settings::read() {
  for (bool taken = false; !taken;) {
    const auto begun = sets();
    auto work = [](store::Session& session) { return read_all(session); };
    auto fresh = co_await parts_.store.read(std::move(work));
    taken = take(std::move(fresh), begun, false);
  }
}

asio::awaitable<void> Settings::follow() {
  for (;;) {
    co_await parts_.clock.sleep(kLook);
    try {
      co_await read();
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      parts_.logger.debug("settings: not read", {{"error", error.what()}});
    }
  }
}

}  // namespace patchbay::domain::settings
