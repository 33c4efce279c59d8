#include "plugin/impl/services/kept.hpp"

#include "base/error.hpp"
#include "plugin/settings.hpp"

namespace patchbay::plugin {
namespace {

constexpr std::size_t kMostSessions = 8;
constexpr Duration kSessionIdle{600'000};
constexpr std::size_t kMostStreams = 16;
constexpr Duration kStreamIdle{300'000};

vault::SecretName key_of(const InstanceContext& context, std::string_view kind, std::string name) {
  if (kind == "system") return setting_secret(context.manifest->id, name);
  if (kind == "profile") return {"profile", *context.profile, std::move(name)};
  return {"integration", context.integration, std::move(name)};
}

// In one transaction, whatever is set.
SecretValues load(store::Session& session, const vault::Vault& vault, const InstanceContext& context,
                  const SecretNames& names) {
  SecretValues values;
  for (const auto& name : names) {
    const auto colon = name.find(':');
    const auto kind = std::string_view(name).substr(0, colon);
    if (kind == "profile" && !context.profile) continue;
    const auto key = key_of(context, kind, name.substr(colon + 1));
    if (auto value = vault.get(session, key)) values.emplace(name, std::move(*value));
  }
  return values;
}

}  // namespace

InstanceContext::Kept::Kept(log::Redactor& redactor_, Clock& clock_,
                            const boost::asio::any_io_executor& executor)
    : acted(clock_),
      sessions(std::make_shared<IdleTable<net::HttpSession>>(clock_, executor, kMostSessions, kSessionIdle)),
      streams(std::make_shared<IdleTable<HttpStream>>(clock_, executor, kMostStreams, kStreamIdle)),
      redactor(redactor_),
      clock(clock_) {}

void InstanceContext::Kept::end_open() {
  streams->clear();
  sessions->clear();
}

InstanceContext::Kept::~Kept() {
  for (auto& [name, value] : secrets) {
    redactor.remove(value);
    vault::wipe(value);
  }
}

SecretValues InstanceContext::Kept::find(const SecretNames& names) const {
  const std::lock_guard lock(mutex);
  SecretValues found;
  for (const auto& name : names) {
    if (const auto value = secrets.find(name); value != secrets.end()) found.insert(*value);
  }
  return found;
}

void InstanceContext::Kept::keep(const SecretValues& values) {
  const std::lock_guard lock(mutex);
  for (const auto& [name, value] : values) {
    if (secrets.emplace(name, value).second) redactor.add(value);
  }
}

void InstanceContext::Kept::forget(const std::string& name) {
  const std::lock_guard lock(mutex);
  const auto value = secrets.find(name);
  if (value == secrets.end()) return;
  redactor.remove(value->second);
  vault::wipe(value->second);
  secrets.erase(value);
}

void InstanceContext::Kept::renew(const std::string& name, const std::string& value) {
  if (const auto known = find({name}); known.contains(name) && known.at(name) == value) return;
  forget(name);
  SecretValues fresh;
  fresh.emplace(name, value);
  keep(fresh);
}

void InstanceContext::Kept::say(const log::Logger& to, log::Level level, std::string_view text,
                                log::Fields fields) {
  if (!to.enabled(level)) return;
  const bool admitted = lines.admit(clock.monotonic());
  const int dropped = lines.take_dropped();
  if (dropped > 0) to.warn(std::to_string(dropped) + " lines of the plugin were dropped");
  if (admitted) to.write(level, text, fields);
}

boost::asio::awaitable<SecretValues> secret_values(Services::Parts parts,
                                                   std::shared_ptr<InstanceContext> context,
                                                   SecretNames names) {
  auto known = context->kept->find(names);
  if (known.size() == names.size()) co_return known;
  const auto* const vault = &parts.vault;
  auto work = [vault, context, names](store::Session& session) {
    return load(session, *vault, *context, names);
  };
  auto loaded = co_await parts.store.read(std::move(work));
  for (const auto& name : names) {
    if (loaded.contains(name)) continue;
    const auto own = name.substr(name.find(':') + 1);
    if (name.starts_with("system:"))
      throw Error(Code::unauthenticated, Text("plugin.setting_missing", {{"code", own}}));
    throw Error(Code::unauthenticated, Text("plugin.secret_missing", {{"secret", own}}));
  }
  context->kept->keep(loaded);
  co_return loaded;
}

}  // namespace patchbay::plugin
