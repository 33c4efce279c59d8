#include "supervisor/fleet.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "supervisor/impl/engine.hpp"

namespace patchbay::supervisor {

namespace asio = boost::asio;

Fleet::Engine::Engine(Options options)
    : options_(std::move(options)),
      strand_(asio::make_strand(options_.executor)),
      tasks_(options_.executor,
             [logger = options_.logger](const std::string& name, std::exception_ptr error) {
               try {
                 std::rethrow_exception(error);
               } catch (const std::exception& e) {
                 logger.error("supervisor: " + name + " failed: " + e.what());
               }
             }),
      crew_gone_(strand_),
      random_(std::random_device{}()) {
  using metrics::Definition;
  using metrics::Kind;
  if (options_.metrics == nullptr) return;
  call_seconds_ = options_.metrics->define(Definition(Kind::histogram, "patchbay_plugin_call_seconds",
                                                      "Time from asking a plugin to its answer", {"plugin"}));
  call_errors_ = options_.metrics->define(Definition(Kind::counter, "patchbay_plugin_call_errors_total",
                                                     "Answers of plugins other than ok", {"plugin", "code"}));
  deaths_ = options_.metrics->define(Definition(Kind::counter, "patchbay_worker_deaths_total",
                                                "Workers that ended unasked, and whose doing it was",
                                                {"plugin", "fault"}));
}

asio::awaitable<void> Fleet::Engine::stop() {
  stopping_ = true;
  const auto posts = posts_;  // a task begins at once, and may end its post
  for (const auto& [id, post] : posts) tasks_.spawn_on(strand_, "halt", halt_to(id));
  while (!crews_.empty()) {
    auto changed = crew_gone_.wait();
    co_await std::move(changed);
  }
  auto ended = tasks_.stop();
  co_await std::move(ended);
}

asio::awaitable<std::vector<Health>> Fleet::Engine::health() {
  std::vector<Health> all;
  std::map<int, std::optional<port::Usage>> usages;  // by pid
  for (const auto& [id, post] : posts_) {
    Health health;
    health.integration = id;
    health.plugin = post->spec.manifest->id;
    health.version = post->spec.manifest->version;
    health.condition = post->condition;
    health.since = post->since;
    health.pid = post->crew->port ? post->crew->port->pid() : 0;
    if (health.pid != 0) {
      const auto [known, fresh] = usages.try_emplace(health.pid);
      if (fresh) known->second = port::usage_of(health.pid);
      health.usage = known->second;
    }
    health.restarts = post->crew->restarts;
    health.last_error = post->past_error;
    health.last_error_at = post->past_error_at;
    health.calls = post->calls;
    health.errors = post->errors;
    health.open = post->inside.size() + post->waiting.size();
    health.p50 = post->latency.percentile(50);
    health.p99 = post->latency.percentile(99);
    all.push_back(std::move(health));
  }
  co_return all;
}

Fleet::Fleet(Options options) : engine_(std::make_shared<Engine>(std::move(options))) {}

Fleet::~Fleet() = default;

// Not cancelled itself, since it may have to take down what ran before: only its wait ends.
asio::awaitable<void> Fleet::run(Spec spec) {
  const auto executor = co_await asio::this_coro::executor;
  auto start = [engine = engine_, executor, spec = std::move(spec)](auto handler) mutable {
    using Waiting = asio::any_completion_handler<void(std::exception_ptr)>;
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto waiting = std::make_shared<Waiting>(std::move(handler));
    auto told = std::make_shared<Event>(engine->strand());
    if (slot.is_connected()) {
      slot.assign([engine, told](asio::cancellation_type) {
        asio::post(engine->strand(), [told] {
          told->late = true;
          told->signal.notify();
        });
      });
    }
    auto done = [executor, waiting](std::exception_ptr error) {
      asio::post(executor, [waiting, error] { std::move (*waiting)(error); });
    };
    asio::co_spawn(engine->strand(), engine->run(std::move(spec), told), std::move(done));
  };
  auto running = asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      std::move(start), asio::use_awaitable);
  co_await std::move(running);
}

// Taken down to the end, also when its caller is cancelled: half taken down it would be in everybody's way.
asio::awaitable<void> Fleet::halt(Id integration) {
  auto uncancelled = asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable);
  auto halting = asio::co_spawn(engine_->strand(), engine_->halt(integration), std::move(uncancelled));
  co_await std::move(halting);
}

asio::awaitable<void> Fleet::stop() {
  auto stopping = asio::co_spawn(engine_->strand(), engine_->stop(), asio::use_awaitable);
  co_await std::move(stopping);
}

asio::awaitable<std::vector<Health>> Fleet::health() {
  auto looking = asio::co_spawn(engine_->strand(), engine_->health(), asio::use_awaitable);
  co_return co_await std::move(looking);
}

void Fleet::release(Id integration) {
  asio::post(engine_->strand(), [engine = engine_, integration] { engine->release(integration); });
}

asio::awaitable<port::Result> Fleet::call(Id integration, port::Call call) {
  const auto executor = co_await asio::this_coro::executor;
  auto start = [engine = engine_, executor, integration, call = std::move(call)](auto handler) mutable {
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto waiting = std::make_shared<asio::any_completion_handler<void(port::Result)>>(std::move(handler));
    auto done = [executor, waiting](port::Result result) {
      asio::post(executor, [waiting, result = std::move(result)]() mutable {
        std::move (*waiting)(std::move(result));
      });
    };
    auto flight = std::make_shared<Flight>(std::move(call), std::move(done));
    if (slot.is_connected()) {
      slot.assign([engine, flight](asio::cancellation_type) {
        asio::post(engine->strand(), [engine, flight] { engine->cancel(flight); });
      });
    }
    asio::post(engine->strand(), [engine, integration, flight] { engine->admit(integration, flight); });
  };
  auto answered = asio::async_initiate<const asio::use_awaitable_t<>, void(port::Result)>(
      std::move(start), asio::use_awaitable);
  co_return co_await std::move(answered);
}

}  // namespace patchbay::supervisor
