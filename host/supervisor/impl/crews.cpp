// Workers: started when wanted, started again when they die, quarantined when they die too often.
#include <algorithm>

#include <boost/asio/post.hpp>

#include "base/back_off.hpp"
#include "port/local.hpp"
#include "supervisor/impl/engine.hpp"

namespace patchbay::supervisor {

namespace asio = boost::asio;

namespace {

constexpr Duration kFirstBackOff{500};
constexpr Duration kLongestBackOff{60'000};
constexpr std::chrono::minutes kDeathWindow{10};
constexpr std::size_t kMostDeaths = 5;
constexpr std::chrono::seconds kHealthyLife{60};
constexpr std::chrono::seconds kShortLife{1};
constexpr Duration kLeaveGrace{2'000};

std::string key_of(const Spec& spec) {
  const auto& manifest = *spec.manifest;
  return manifest.id + "/" + manifest.version + "/" + manifest.sha256 + (spec.in_process ? "/in" : "");
}

std::filesystem::path library_of(const plugin::Manifest& manifest) {
  const auto path = manifest.artefact.empty() ? manifest.folder / manifest.library : manifest.artefact;
  return std::filesystem::absolute(path);
}

log::Level level_of(int level) {
  static constexpr log::Level kLevels[] = {log::Level::trace, log::Level::debug, log::Level::info,
                                           log::Level::warn, log::Level::error};
  return kLevels[std::clamp(level, 0, 4)];
}

}  // namespace

log::Logger Fleet::Engine::logger_of(const Crew& crew) const {
  return options_.logger.with({{"plugin", crew.manifest->id}, {"version", crew.manifest->version}});
}

CrewPtr Fleet::Engine::crew_for(const Spec& spec) {
  const auto key = key_of(spec);
  const auto most = static_cast<std::size_t>(std::max(spec.manifest->instances_per_worker, 0));
  for (const auto& crew : crews_) {
    if (crew->key != key || crew->ending) continue;
    if (most == 0 || spec.in_process || crew->posts.size() < most) return crew;
  }
  auto crew = std::make_shared<Crew>(strand_);
  crew->key = key;
  crew->manifest = spec.manifest;
  crew->in_process = spec.in_process;
  crews_.push_back(crew);
  return crew;
}

asio::awaitable<void> Fleet::Engine::tend(CrewPtr crew) {
  while (!crew->posts.empty()) {
    const bool due = options_.clock.monotonic() >= crew->not_before;
    if (!crew->port && !crew->quarantined && due) {
      auto starting = start_port(crew);
      co_await std::move(starting);
      continue;
    }
    auto changed = crew->signal.wait();
    co_await std::move(changed);
  }
  crew->ending = true;
  ++crew->life;
  const auto port = std::exchange(crew->port, nullptr);
  if (port) {
    auto left = port->stop(kLeaveGrace);
    co_await std::move(left);
  }
  crews_.remove(crew);
  crew_gone_.notify();
}

asio::awaitable<std::shared_ptr<port::Port>> Fleet::Engine::make_port(CrewPtr crew) {
  const auto& manifest = *crew->manifest;
  port::Expected expected(manifest.id, manifest.version, manifest.sdk);
  expected.blocking = manifest.blocking;
  const auto logger = logger_of(*crew);
  const port::Journal journal = [logger](int level, const std::string& text) {
    logger.write(level_of(level), text);
  };
  const port::InFlight in_flight(port::InFlight().per_port,
                                 static_cast<std::size_t>(std::clamp(manifest.calls_per_instance, 1, 256)));
  if (crew->in_process) {
    port::LocalOptions options(library_of(manifest), std::move(expected), options_.executor, options_.clock);
    options.journal = journal;
    options.in_flight = in_flight;
    co_return port::open_local(std::move(options));
  }
  port::RemoteOptions options(options_.worker, library_of(manifest), std::move(expected), options_.executor,
                              options_.clock);
  options.journal = journal;
  options.in_flight = in_flight;
  options.host_version = options_.host_version;
  options.rights = options_.rights;
  auto starting = port::start_remote(options_.spawner, std::move(options));
  co_return co_await std::move(starting);
}

asio::awaitable<void> Fleet::Engine::start_port(CrewPtr crew) {
  const auto life = ++crew->life;
  crew->started = {};
  std::optional<Error> failed;
  std::shared_ptr<port::Port> port;
  try {
    auto making = make_port(crew);
    port = co_await std::move(making);
  } catch (const Error& error) {
    failed = error;
  } catch (const std::exception& error) {
    failed = Error(Code::internal, Text::verbatim(error.what()));
  }
  if (failed) {
    start_failed(crew, *failed);
    co_return;
  }
  crew->port = port;
  crew->started = options_.clock.monotonic();
  port->on_death([weak = weak_from_this(), crew = std::weak_ptr<Crew>(crew), life](const port::Death& death) {
    const auto self = weak.lock();
    if (!self) return;
    asio::post(self->strand_, [self, crew, life, death] {
      if (const auto alive = crew.lock()) self->on_death(alive, life, death);
    });
  });
  logger_of(*crew).info(crew->in_process ? "plugin opened inside the host" : "worker started",
                        {{"pid", std::to_string(port->pid())}, {"built_with", port->hello().built_with}});
  try_posts(crew);
}

void Fleet::Engine::start_failed(const CrewPtr& crew, const Error& error) {
  const auto fault = port::fault_of(error);
  logger_of(*crew).error(std::string("plugin could not be started: ") + error.what());
  const auto posts = crew->posts;
  for (const auto& [id, post] : posts) {
    if (post->condition == Condition::stopping) continue;
    post->last_error = error.kept();
    set(*post, Condition::waiting);
    if (fault != port::Fault::accident || !post->spec.keep)
      tell_runners(*post, std::make_exception_ptr(error));
    if (!post->spec.keep) forget(post);
  }
  if (fault == port::Fault::plugin) {
    deaths_.add(1, {crew->manifest->id, "plugin"});
    return count_death(crew, error.kept());
  }
  hold_back(crew);
}

void Fleet::Engine::on_death(const CrewPtr& crew, std::uint64_t life, port::Death death) {
  if (crew->life != life) return;
  if (options_.redactor != nullptr)
    death.cause = options_.redactor->redact(death.cause);  // its last words are the plugin's
  ++crew->life;
  ++crew->restarts;
  crew->port.reset();
  const bool counted = death.kind == port::Death::Kind::plugin;
  deaths_.add(1, {crew->manifest->id, counted ? "plugin" : "accident"});
  logger_of(*crew).warn("worker ended: " + death.cause, {{"counted", counted ? "yes" : "no"},
                                                         {"open_calls", std::to_string(crew->lost.size())}});
  const auto error =
      std::make_exception_ptr(Error(Code::unavailable, Text("port.worker_died", {{"cause", death.cause}})));
  const auto posts = crew->posts;
  for (const auto& [id, post] : posts) {
    post->instance.reset();
    if (post->condition == Condition::stopping) continue;
    ++post->attempt;
    post->retry.reset();
    post->last_error = death.cause;
    set(*post, Condition::waiting);
    if (counted || !post->spec.keep) tell_runners(*post, error);  // else it goes on as if nothing had been
  }
  const bool is_named = settle_lost(crew, counted);
  for (const auto& [id, post] : posts) {
    if (!post->spec.keep && post->condition != Condition::stopping) forget(post);
  }
  if (is_named) return hold_back(crew);  // what it was comes no more, and others go on
  if (counted) return count_death(crew, death.cause);
  const bool at_once = options_.clock.monotonic() - crew->started >= kShortLife;
  wait_until(crew, at_once ? Duration{0} : kFirstBackOff);
}

void Fleet::Engine::count_death(const CrewPtr& crew, const std::string& cause) {
  const auto now = options_.clock.monotonic();
  crew->deaths.push_back(now);
  while (now - crew->deaths.front() > kDeathWindow) crew->deaths.pop_front();
  if (crew->deaths.size() >= kMostDeaths) return quarantine(crew, cause);
  hold_back(crew);
}

void Fleet::Engine::hold_back(const CrewPtr& crew) {
  const auto now = options_.clock.monotonic();
  if (crew->started.count() != 0 && now - crew->started > kHealthyLife) crew->back_off = 0;
  const auto plain = back_off(kFirstBackOff, kLongestBackOff, ++crew->back_off);
  std::uniform_int_distribution<Duration::rep> jitter(-plain.count() / 5, plain.count() / 5);
  wait_until(crew, plain + Duration(jitter(random_)));
}

void Fleet::Engine::wait_until(const CrewPtr& crew, Duration delay) {
  crew->not_before = options_.clock.monotonic() + delay;
  crew->wake = options_.clock.after(strand_, delay, [weak = std::weak_ptr<Crew>(crew)] {
    if (const auto alive = weak.lock()) alive->signal.notify();
  });
  crew->signal.notify();
}

void Fleet::Engine::quarantine(const CrewPtr& crew, const std::string& cause) {
  crew->quarantined = true;
  const Text text("supervisor.quarantined", {{"cause", cause}});
  crew->quarantine_reason = text.kept();
  logger_of(*crew).error("plugin quarantined: " + text.english());
  const auto suspects = std::exchange(crew->suspects, {});
  for (const auto& flight : suspects) answer(flight, refusal(text));
  const auto posts = crew->posts;
  for (const auto& [id, post] : posts) {
    if (post->condition == Condition::stopping) continue;
    post->last_error = crew->quarantine_reason;
    set(*post, Condition::quarantined);
    refuse_waiting(post, refusal(text));
    tell_runners(*post, std::make_exception_ptr(Error(Code::unavailable, text)));
    if (options_.on_quarantined) options_.on_quarantined(id, crew->quarantine_reason);
  }
}

void Fleet::Engine::release(Id integration) {
  const auto found = posts_.find(integration);
  if (found == posts_.end() || !found->second->crew->quarantined) return;
  const auto crew = found->second->crew;
  crew->quarantined = false;
  crew->deaths.clear();
  crew->back_off = 0;
  crew->not_before = options_.clock.monotonic();
  for (const auto& [id, post] : crew->posts) {
    if (post->condition == Condition::quarantined) set(*post, Condition::waiting);
  }
  crew->signal.notify();
}

void Fleet::Engine::try_posts(const CrewPtr& crew) {
  const auto posts = crew->posts;
  for (const auto& [id, post] : posts) {
    if (post->condition != Condition::stopping) begin_bring_up(post);
  }
}

}  // namespace patchbay::supervisor
