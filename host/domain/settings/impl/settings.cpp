#include "domain/settings/settings.hpp"

#include "base/error.hpp"
#include "base/failure.hpp"
#include "schema/nearest.hpp"
#include "store/audit.hpp"

namespace patchbay::domain::settings {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

const Definition& require(std::string_view code) {
  if (const auto* found = find_definition(code)) return *found;
  std::vector<std::string> known;
  for (const auto& one : definitions()) known.emplace_back(one.code);
  const auto near = schema::nearest(code, known);
  throw Error(Code::not_found,
              Text(near.empty() ? "domain.settings.unknown" : "domain.settings.unknown_nearest",
                   {{"code", std::string(code.substr(0, 100))}, {"nearest", near}}));
}

void check(const Definition& definition, const json& value) {
  if (value.is_number_integer() && value >= definition.least && value <= definition.most) return;
  Error error(Code::invalid, Text("domain.refused"));
  throw error.add(Diagnostic(
      "/value", Text("domain.settings.number",
                     {{"min", std::to_string(definition.least)}, {"max", std::to_string(definition.most)}})));
}

}  // namespace

Settings::Settings(store::Store& store, Clock& clock, IdMint& ids, log::Logger logger,
                   std::function<void()> changed)
    : store_(store), clock_(clock), ids_(ids), logger_(std::move(logger)), changed_(std::move(changed)) {}

Settings::Values Settings::read_all(store::Session& session) {
  Values values;
  for (const auto& row : session.query("select code, value, updated_at, updated_by from setting_values")) {
    Stored stored;
    stored.value = json::parse(row.text(1));
    stored.updated_at = row.integer(2);
    stored.updated_by = row.text(3);
    values.emplace(row.text(0), std::move(stored));
  }
  return values;
}

std::shared_ptr<const Settings::Values> Settings::values() const {
  const std::lock_guard lock(mutex_);
  return values_;
}

void Settings::take(Values fresh) {
  {
    const std::lock_guard lock(mutex_);
    if (*values_ == fresh) return;
    values_ = std::make_shared<const Values>(std::move(fresh));
  }
  if (changed_) changed_();
}

std::int64_t Settings::number(std::string_view code) const {
  const auto& definition = require(code);
  const auto now = values();
  const auto stored = now->find(code);
  return (stored == now->end() ? definition.standard : stored->second.value).get<std::int64_t>();
}

std::vector<Setting> Settings::all() const {
  std::vector<Setting> all;
  for (const auto& one : definitions()) all.push_back(get(std::string(one.code)));
  return all;
}

Setting Settings::get(const std::string& code) const {
  Setting setting;
  setting.definition = &require(code);
  setting.value = setting.definition->standard;
  const auto now = values();
  const auto stored = now->find(code);
  if (stored == now->end()) return setting;
  setting.value = stored->second.value;
  setting.updated_at = stored->second.updated_at;
  setting.updated_by = stored->second.updated_by;
  return setting;
}

asio::awaitable<Setting> Settings::set(std::string code, json value, std::string who) {
  const auto& definition = require(code);
  if (!value.is_null()) check(definition, value);
  auto work = [&definition, code, value, who, this](store::Session& session) {
    auto now = read_all(session);
    const auto before = now.find(code);
    const auto old = before == now.end() ? json() : before->second.value;
    if (old == value) return now;
    const auto at = clock_.now().time_since_epoch().count();
    if (value.is_null()) {
      session.exec("delete from setting_values where code = :code", {code});
    } else {
      session.exec(
          "insert into setting_values(code, value, updated_at, updated_by) values (:code, :value, :at, :who) "
          "on "
          "conflict(code) do update set value = excluded.value, updated_at = excluded.updated_at, updated_by "
          "= "
          "excluded.updated_by",
          {code, value.dump(), at, who});
    }
    const json detail = {{"old", old.is_null() ? definition.standard : old},
                         {"new", value.is_null() ? definition.standard : value}};
    store::write_audit(
        session, store::AuditEntry(ids_.next(), at, who, "setting.change", "setting:" + code, detail.dump()));
    return read_all(session);
  };
  auto fresh = co_await store_.write(std::move(work));
  take(std::move(fresh));
  co_return get(code);
}

asio::awaitable<void> Settings::read() {
  auto work = [](store::Session& session) { return read_all(session); };
  auto fresh = co_await store_.read(std::move(work));
  take(std::move(fresh));
}

asio::awaitable<void> Settings::follow() {
  for (;;) {
    co_await clock_.sleep(kLook);
    try {
      co_await read();
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      logger_.debug("settings: not read", {{"error", error.what()}});
    }
  }
}

}  // namespace patchbay::domain::settings
