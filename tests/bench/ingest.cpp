#include "bench/ingest.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include "hooks/ingress.hpp"
#include "store/migrate.hpp"
#include "support/fake_http.hpp"
#include "web/hooks_adapter.hpp"
#include "web/http_server.hpp"

namespace patchbay::bench {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr Id kIntegration = 7;
constexpr const char* kPath = "/hooks/bench/7/update";
constexpr const char* kSecret = "s3cret";

// Threads that run an io_context, as the host does.
class Engine {
 public:
  explicit Engine(int threads) : io(threads), guard_(io.get_executor()) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { io.run(); });
  }
  ~Engine() {
    guard_.reset();
    for (auto& thread : threads_) thread.join();
  }
  asio::io_context io;

 private:
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::vector<std::thread> threads_;
};

hooks::Mount mount() {
  plugin::RouteSpec spec;
  spec.id = "update";
  spec.verify =
      R"({"type":"header-equals","header":")" + std::string(kSecretHeader) + R"(","secret":"secret:hook"})";
  spec.order = {"/message/chat/id"};
  spec.dedupe = {"/update_id"};
  hooks::Mount made(kIntegration, "bench",
                    [](const std::string&) { return std::vector<std::string>{kSecret}; });
  made.add(std::move(spec));
  return made;
}

// The same listener and the same checks, and then nothing: what the store costs is the difference.
class WithoutStore final : public web::Application {
 public:
  explicit WithoutStore(const hooks::RouteTable& routes) : routes_(routes) {}
  web::BodyPlan plan(const web::Request&) override { return web::BodyPlan(1u << 20); }
  asio::awaitable<web::Response> handle(web::Request request) override {
    const auto route = routes_.find(request.path());
    hooks::Request inner(request.method, std::string(request.path()));
    for (std::size_t i = 0; i < request.headers.size(); ++i) {
      inner.headers.emplace_back(request.headers[i].first, request.headers[i].second);
    }
    inner.body = std::move(request.body);
    const hooks::Verifier::Context context(route->address, clock_.now());
    if (!route->verifier->accepts(inner, context)) co_return web::Response(401);
    const auto keys = route->keys.read(inner);
    co_return web::Response(keys.order && keys.dedupe ? 200 : 500);
  }

 private:
  const hooks::RouteTable& routes_;
  SystemClock clock_;
};

// One server of a kind, up for the length of a round.
Answers serve(Engine& engine, web::Application& application, Load& load, const Settings& settings) {
  SystemClock clock;
  web::HttpServer server(engine.io.get_executor(), clock, log::Logger::none(), web::HttpServer::Options(),
                         application);
  server.start();
  load.run(server.port(), kPath, kSecret, settings, 1);
  const auto answers = load.run(server.port(), kPath, kSecret, settings, settings.seconds);
  asio::co_spawn(engine.io, server.stop(2s), asio::use_future).get();
  return answers;
}

Answers without_store(Load& load, const Settings& settings) {
  Engine engine(settings.threads);
  hooks::RouteTable routes("http://127.0.0.1");
  routes.mount(mount());
  WithoutStore application(routes);
  return serve(engine, application, load, settings);
}

struct Stored {
  Answers answers;
  std::uint64_t rows = 0;
  std::uint64_t commits = 0;
};

Stored with_store(const std::string& url, Load& load, const Settings& settings) {
  store::Store::Options options;
  options.url = url;
  const auto store = store::Store::open(options, log::Logger::none());
  store::migrate(*store);
  SystemClock clock;
  IdMint mint(clock);
  hooks::Counters counters;
  hooks::RouteTable routes("http://127.0.0.1");
  routes.mount(mount());
  Engine engine(settings.threads);
  hooks::InboxCommitter committer(*store, mint, engine.io.get_executor(), counters, log::Logger::none());
  // As the host does, which then has them processed.
  committer.on_stored(
      [&engine](std::vector<hooks::InboxRow> rows) { asio::post(engine.io, [rows = std::move(rows)] {}); });
  support::FakeHttp http(clock);  // no route asks for keys
  hooks::KeySets keys({engine.io.get_executor(), clock, http, [] { return std::vector<std::string>(); },
                       log::Logger::none()});
  hooks::Ingress::Limits limits;
  limits.rate = net::Rate(1e9, 1s, 1e9);
  hooks::Ingress ingress(hooks::Ingress::Parts(routes, committer, clock, keys, counters), log::Logger::none(),
                         limits);
  metrics::Registry registry;
  live::Topics topics(engine.io.get_executor(), clock, *store, log::Logger::none());
  web::EventStreams streams(topics, clock, registry);  // no route has any
  web::HooksAdapter adapter(ingress, streams);
  Stored stored;
  stored.answers = serve(engine, adapter, load, settings);
  committer.stop();
  stored.rows = counters.stored;
  stored.commits = counters.batches;
  const auto rows = store->read_now([](store::Session& session) {
    return session.query_one("select cast(count(*) as bigint) from inbox")->integer(0);
  });
  if (static_cast<std::uint64_t>(rows) != stored.rows) throw std::runtime_error("rows are missing");
  return stored;
}

Figure compare(Figure figure, const Stored& stored, double bare, double first, double aim) {
  figure.value = stored.answers.per_second;
  figure.against("no store", bare, first, aim);
  figure.note = stored.answers.note() + ", " +
                std::to_string(stored.rows / std::max<std::uint64_t>(stored.commits, 1)) + " rows a commit";
  return figure;
}

}  // namespace

Answers answered_after_commit(const std::string& store_url, Load& load, const Settings& settings) {
  return with_store(store_url, load, settings).answers;
}

Ingest::Ingest(support::PostgresServer& postgres, Load& load, const Settings& settings)
    : postgresql("S1", "webhook answered after commit, PostgreSQL", "req/s", 0),
      sqlite("S2", "the same, SQLite FULL", "req/s", 0) {
  std::vector<Figure> on_postgresql;
  std::vector<Figure> on_sqlite;
  auto before = without_store(load, settings);
  for (int i = 0; i < settings.rounds; ++i) {
    const std::string name = "ingest" + std::to_string(i);
    support::TempFolder folder;
    postgres.command("postgres", "create database " + name);
    const auto stored = with_store(postgres.url(name), load, settings);
    const auto embedded = with_store("sqlite:" + (folder / "bench.db"), load, settings);
    const auto after = without_store(load, settings);
    const double bare = (before.per_second + after.per_second) / 2;
    on_postgresql.push_back(compare(postgresql, stored, bare, 0.35, 0.6));
    on_sqlite.push_back(compare(sqlite, embedded, bare, 0.5, 0.7));
    before = after;
  }
  postgresql = middle(std::move(on_postgresql));
  sqlite = middle(std::move(on_sqlite));
}

}  // namespace patchbay::bench
