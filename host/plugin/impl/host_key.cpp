#include "plugin/host_key.hpp"

namespace patchbay::plugin {
namespace {

constexpr std::size_t kKeyBytes = 32;

// Who comes second reads what the first has made: the row is the lock.
std::string find_or_make(store::Session& session, const vault::Vault& vault, const std::string& name) {
  const vault::SecretName secret("host", 0, name);
  session.exec(
      "insert into settings_kv(name, value) values (:name, 'in the vault') on conflict (name) do nothing",
      {name});
  auto key = vault.get(session, secret);
  if (key) return *key;
  key = vault::generate(kKeyBytes);
  vault.put(session, secret, *key);
  return *key;
}

}  // namespace

boost::asio::awaitable<std::string> HostKey::get() {
  {
    const std::lock_guard lock(mutex_);
    if (!key_.empty()) co_return key_;
  }
  auto work = [this](store::Session& session) { return find_or_make(session, vault_, name_); };
  auto found = co_await store_.write(std::move(work));
  const std::lock_guard lock(mutex_);
  key_ = std::move(found);
  co_return key_;
}

}  // namespace patchbay::plugin
