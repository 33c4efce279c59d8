#include "bench/routing.hpp"

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include "domain/routing/router.hpp"
#include "store/migrate.hpp"

namespace patchbay::bench {
namespace {

namespace asio = boost::asio;
using domain::routing::Router;
using domain::routing::Terms;

constexpr std::int64_t kWaiting = 5'000;
constexpr std::int64_t kOperators = 500;
constexpr std::int64_t kFinished = 1'000'000;
constexpr std::int64_t kFirstWaiting = 2 * kFinished;

// One installation with a queue that assigns.
class Desk {
 public:
  Desk(const std::string& url, std::int64_t finished) {
    store::Store::Options options;
    options.url = url;
    store_ = store::Store::open(options, log::Logger::none());
    store::migrate(*store_);
    store_->write_now([&](store::Session& session) { fill(session, finished); });
    Router::Parts parts(pool_.get_executor(), clock_, ids_, *store_, log::Logger::none());
    parts.terms = [] {
      Terms terms;
      terms.chats = kWaiting / kOperators;
      return terms;
    };
    router_ = std::make_unique<Router>(std::move(parts));
  }

  // Chats a second, until none waits.
  double assign() {
    store_->write_now([&](store::Session& session) { begin_round(session); });
    const auto start = std::chrono::steady_clock::now();
    asio::co_spawn(pool_, router_->look(), asio::use_future).get();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    const auto left = store_->read_now([](store::Session& session) {
      return session.query_one("select cast(count(*) as bigint) from chats where state = 'waiting'")
          ->integer(0);
    });
    if (left != 0) throw std::runtime_error("S10: " + std::to_string(left) + " chats were not assigned");
    return static_cast<double>(kWaiting) / took.count();
  }

 private:
  static std::string numbers(const std::string& first, const std::string& count) {
    return "with recursive numbers(n) as (select cast(" + first +
           " as bigint) union all select n + 1 from numbers where n + 1 < " + first + " + " + count + ") ";
  }
  void fill(store::Session& session, std::int64_t finished) {
    session.script(
        "insert into queues(id, name, rule, keep_open, created_at, updated_at) values (900, 'bench', "
        "'least_busy', 0, 0, 0)");
    session.script(
        numbers("1000", std::to_string(kOperators)) +
        "insert into users(id, login, name, language, active, created_at, updated_at) select n, 'u' || n, "
        "'u', 'en', 1, 0, 0 from numbers");
    session.script(
        "insert into operators(id, available, present_until, chats, last_taken_at) select id, 1, "
        "9000000000000, 0, 0 from users where id >= 1000");
    session.script("insert into queue_operators(queue, holder) select 900, id from users where id >= 1000");
    if (finished == 0) return;
    session.script(
        numbers("1", std::to_string(finished)) +
        "insert into chats(id, integration, conversation, kind, state, queue, handled_by, created_at, "
        "last_message_at, last_outgoing_at) select n, 7, 'c' || n, 'private', 'finished', 900, 1000 + n % "
        "500, n, n, n "
        "from numbers");
    session.script(
        "insert into chat_history(id, chat, at, state, reason, actor, queue) select id, id, 0, 'finished', "
        "'finished', 'u', 900 from chats");
    if (session.dialect() == store::Dialect::postgresql) session.script("analyze");
  }
  void begin_round(store::Session& session) {
    session.script("update chats set state = 'finished', operator = null where state <> 'finished'");
    session.script("update operators set chats = 0");
    const auto first = std::to_string(kFirstWaiting + kWaiting * rounds_++);
    session.script(
        numbers(first, std::to_string(kWaiting)) +
        "insert into chats(id, integration, conversation, kind, state, queue, created_at, last_message_at, "
        "waiting_since) select n, 7, 'w' || n, 'private', 'waiting', 900, n, n, n from numbers");
  }

  asio::thread_pool pool_{1};  // ends after the store, whose threads post to it
  SystemClock clock_;
  IdMint ids_{clock_};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Router> router_;
  std::int64_t rounds_ = 0;
};

std::string database(support::PostgresServer& postgres, const std::string& name) {
  postgres.command("postgres", "create database " + name);
  return postgres.url(name);
}

}  // namespace

Figure cost_of_assigning(support::PostgresServer& postgres, const Settings& settings) {
  Desk fresh(database(postgres, "desk_fresh"), 0);
  Desk old(database(postgres, "desk_old"), kFinished);
  fresh.assign();
  old.assign();
  std::vector<Figure> rounds;
  for (int i = 0; i < settings.rounds; ++i) {
    const auto without = fresh.assign();
    const auto with = old.assign();
    Figure figure("S10", "chat assigned, 5,000 waiting, 500 operators: cost with 1,000,000 finished chats",
                  "×", without / with);
    figure.at_most(1.2, 1.0);
    figure.note = std::to_string(static_cast<int>(without)) + " and " +
                  std::to_string(static_cast<int>(with)) + " chats/s";
    rounds.push_back(std::move(figure));
  }
  return middle(std::move(rounds));
}

}  // namespace patchbay::bench
