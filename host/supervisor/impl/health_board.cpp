#include "supervisor/health_board.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "plugin/integrations.hpp"

namespace patchbay::supervisor {

namespace asio = boost::asio;
using plugin::Happening;

namespace {

using namespace std::chrono_literals;

constexpr Duration kWrite = 1s;
constexpr int kShareEvery = 10;  // writes
constexpr std::size_t kMostNoted = 10'000;

}  // namespace

HealthBoard::HealthBoard(Parts parts) : parts_(std::move(parts)) {}

// That it starts says nothing that its end does not, and trials are nobody's.
void HealthBoard::note(Change change) {
  if (change.integration <= 0 || change.condition == Condition::starting) return;
  Happening one;
  one.id = parts_.ids.next();
  one.integration = change.integration;
  one.at = change.at.time_since_epoch().count();
  one.what = "instance";
  one.state = condition_name(change.condition);
  one.reason = std::move(change.reason);
  one.version = std::move(change.version);
  one.host = parts_.host;
  const std::lock_guard lock(mutex_);
  if (noted_.size() >= kMostNoted) noted_.erase(noted_.begin());
  noted_.push_back(std::move(one));
}

asio::awaitable<void> HealthBoard::run() {
  for (int round = 0;; ++round) {
    try {
      co_await write_history();
      if (parts_.is_shared && round % kShareEvery == 0) co_await share();
    } catch (const Error& error) {
      parts_.logger.debug("health could not be written", {{"error", error.what()}});
    }
    co_await parts_.clock.sleep(kWrite);
  }
}

asio::awaitable<void> HealthBoard::stop() {
  try {
    co_await write_history();
    auto leave = [host = parts_.host](store::Session& session) {
      session.exec("delete from health where host = :host", {host});
    };
    if (parts_.is_shared) co_await parts_.store.write(std::move(leave));
  } catch (const Error& error) {
    parts_.logger.warn("health could not be written", {{"error", error.what()}});
  }
}

asio::awaitable<void> HealthBoard::write_history() {
  std::vector<Happening> noted;
  {
    const std::lock_guard lock(mutex_);
    noted = noted_;
  }
  if (noted.empty()) co_return;
  auto work = [this, noted](store::Session& session) { table_.add(session, noted); };
  co_await parts_.store.write(std::move(work));
  const std::lock_guard lock(mutex_);
  std::erase_if(noted_, [last = noted.back().id](const Happening& one) { return one.id <= last; });
}

asio::awaitable<std::vector<HealthBoard::Entry>> HealthBoard::mine() {
  auto looking = parts_.fleet.health();
  auto found = co_await std::move(looking);
  std::vector<Entry> out;
  for (auto& health : found) {
    if (health.integration <= 0 || !parts_.owns(health.integration)) continue;
    health.host = parts_.host;
    health.seen_at = parts_.clock.now();
    out.push_back({health.integration, to_json(health)});
  }
  co_return out;
}

asio::awaitable<void> HealthBoard::share() {
  auto entries = co_await mine();
  std::string body = "[";
  for (const auto& entry : entries) body += (body.size() > 1 ? "," : "") + entry.json;
  auto work = [host = parts_.host, body = body + "]"](store::Session& session) {
    session.exec(
        "insert into health(host, body) values(:host, :body) on conflict(host) do update set body = "
        "excluded.body",
        {host, body});
  };
  co_await parts_.store.write(std::move(work));
}

asio::awaitable<std::vector<store::Row>> HealthBoard::read_others() {
  if (!parts_.is_shared) co_return std::vector<store::Row>();
  auto read = [host = parts_.host](store::Session& session) {
    return session.query("select body from health where host <> :host and host in (select name from hosts)",
                         {host});
  };
  co_return co_await parts_.store.read(std::move(read));
}

asio::awaitable<std::vector<HealthBoard::Entry>> HealthBoard::all() {
  auto entries = co_await mine();
  std::vector<store::Row> others;
  try {
    auto reading = read_others();
    others = co_await std::move(reading);
  } catch (const Error&) {
    others.clear();  // the store is away: what is known here is worth all the more
  }
  for (const auto& row : others) {
    for (const auto& one : nlohmann::json::parse(row.text(0))) {
      const auto id = parse_id(one.at("integration").get<std::string>());
      if (id && !parts_.owns(*id)) entries.push_back({*id, one.dump()});
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.integration < b.integration; });
  co_return entries;
}

asio::awaitable<std::optional<std::vector<Happening>>> HealthBoard::history(Id integration, Id before,
                                                                            std::int64_t limit) {
  auto read = [this, integration, before, limit](store::Session& session) {
    std::optional<std::vector<Happening>> found;
    if (plugin::Integrations().find(session, integration))
      found = table_.list(session, integration, before, limit);
    return found;
  };
  co_return co_await parts_.store.read(std::move(read));
}

}  // namespace patchbay::supervisor
