#include "vault/rotation.hpp"

#include "base/error.hpp"

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

// Nobody stores a secret meanwhile. False: another host has stored one with the old key.
bool forget_old(Vault& vault, store::Session& session, Rotated& out) {
  if (session.dialect() == store::Dialect::postgresql)
    session.script("lock table secrets in share row exclusive mode");
  if (vault.used_key(session) != out.key) throw Error(Code::conflict, Text("vault.another_rotation"));
  std::int64_t left = 0;
  for (const auto& id : vault.key_ids()) {
    if (id == out.key) continue;
    const auto row =
        session.query_one("select cast(count(*) as bigint) from secrets where key_id = :id", {id});
    left += row->integer(0);
  }
  if (left > out.damaged) return false;
  try {
    vault.forget_other_keys(out.key);
  } catch (const Error& error) {
    if (error.text().id() != "vault.key_file") throw;
    out.old_key_kept = true;
  }
  return true;
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
  for (bool finished = false; !finished;) {
    out.damaged = 0;
    std::optional<SecretName> last;
    do {
      auto work = [&vault, last](store::Session& session) { return vault.reseal(session, last, kBatch); };
      const auto batch = co_await store.write(std::move(work));
      out.secrets += batch.done;
      out.damaged += batch.damaged;
      last = batch.last;
    } while (last);
    auto finish = [&vault, &out](store::Session& session) { return forget_old(vault, session, out); };
    finished = co_await store.write(std::move(finish));
  }
  co_return out;
}

}  // namespace patchbay::vault
