#include "vault/rotation.hpp"

namespace patchbay::vault {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kBatch = 200;

// Whether secrets are left that another of our keys sealed.
bool is_under_way(const Vault& vault, store::Session& session, const std::string& used) {
  for (const auto& id : vault.key_ids()) {
    if (id != used && session.query_one("select name from secrets where key_id = :id limit 1", {id}))
      return true;
  }
  return false;
}

}  // namespace

asio::awaitable<Rotated> rotate(Vault& vault, store::Store& store,
                                std::function<asio::awaitable<void>(std::string key)> known) {
  // Files are written on a thread of the store, which may block.
  auto prepare = [&vault](store::Session& session) {
    const auto used = vault.used_key(session);
    // Broken off after the switch: it only has to be finished.
    return is_under_way(vault, session, used) ? used : vault.add_key(used);
  };
  Rotated out;
  out.key = co_await store.write(std::move(prepare));
  auto asking = known(out.key);
  co_await std::move(asking);
  auto use = [&vault, key = out.key](store::Session& session) {
    if (vault.used_key(session) != key) vault.use_key(session, key);
  };
  co_await store.write(std::move(use));
  // Once more until nothing is found: another host may have been about to store something.
  for (std::int64_t found = 1; found > 0;) {
    found = 0;
    out.damaged = 0;
    std::optional<SecretName> last;
    do {
      auto work = [&vault, last](store::Session& session) { return vault.reseal(session, last, kBatch); };
      const auto batch = co_await store.write(std::move(work));
      found += batch.done;
      out.damaged += batch.damaged;
      last = batch.last;
    } while (last);
    out.secrets += found;
  }
  auto finish = [&vault, key = out.key](store::Session&) { vault.forget_other_keys(key); };
  co_await store.write(std::move(finish));
  co_return out;
}

}  // namespace patchbay::vault
