// Instances: opened and prepared when their process is there, drained and closed when they are no longer
// wanted.
#include <algorithm>

#include <boost/asio/post.hpp>

#include "base/back_off.hpp"
#include "base/failure.hpp"
#include "plugin/texts.hpp"
#include "port/limits.hpp"
#include "supervisor/impl/checked_instance.hpp"
#include "supervisor/impl/engine.hpp"

namespace patchbay::supervisor {

namespace asio = boost::asio;

namespace {
constexpr Duration kStopLimit{5'000};
constexpr Duration kCloseLimit{5'000};
constexpr Duration kFirstRetry{1'000};
constexpr Duration kLongestRetry{60'000};
}  // namespace

void Fleet::Engine::set(Post& post, Condition condition) {
  if (!post.last_error.empty() &&
      condition != Condition::starting) {  // which tries again, and is no new error
    post.past_error = post.last_error;
    post.past_error_at = options_.clock.now();
  }
  if (post.condition == condition && post.since != TimePoint{}) return;
  post.condition = condition;
  post.since = options_.clock.now();
  if (!options_.on_change) return;
  Change change;
  change.integration = post.spec.integration;
  change.at = post.since;
  change.condition = condition;
  change.reason = post.last_error;
  change.version = post.spec.manifest->version;
  options_.on_change(std::move(change));
}

void Fleet::Engine::tell_runners(Post& post, std::exception_ptr error) {
  const auto told = std::exchange(post.told, {});
  for (const auto& each : told) each(error);
}

void Fleet::Engine::begin_bring_up(const PostPtr& post) {
  const auto attempt = ++post->attempt;
  post->retry.reset();
  set(*post, Condition::starting);
  tasks_.spawn_on(strand_, "bring up", bring_up(post, attempt));
}

asio::awaitable<void> Fleet::Engine::bring_up(PostPtr post, std::uint64_t attempt) {
  const auto port = post->crew->port;
  if (!port || post->attempt != attempt) co_return;
  const auto seconds = std::to_string(options_.prepare_limit.count() / 1000);
  const auto limit = options_.clock.after(strand_, options_.prepare_limit, [port, seconds] {
    port->kill("it did not become ready within " + seconds + " s");
  });
  auto opened = std::make_shared<Opened>();
  auto preparing = open_and_prepare(post, port, opened);
  co_await std::move(preparing);
  if (post->attempt != attempt || opened->error || opened->lost) {
    if (opened->instance) tasks_.spawn_on(strand_, "close", close_quietly(std::move(opened->instance)));
    // A death is told by itself, and ends this attempt.
    if (post->attempt == attempt && opened->error && !opened->lost) post_failed(post, opened->error);
    co_return;
  }
  post->instance = std::move(opened->instance);
  post->failures = 0;
  post->last_error.clear();
  set(*post, Condition::ready);
  tell_runners(*post, nullptr);
  if (options_.on_ready) options_.on_ready(post->spec.integration);
  flush_all(post->crew);
}

asio::awaitable<void> Fleet::Engine::open_and_prepare(PostPtr post, std::shared_ptr<port::Port> port,
                                                      std::shared_ptr<Opened> opened) {
  try {
    auto opening = port->open(post->spec.manifest->id, post->spec.host);
    opened->instance = co_await std::move(opening);
    if (options_.checker != nullptr) {
      opened->instance = std::make_shared<CheckedInstance>(options_.clock, std::move(opened->instance),
                                                           *options_.checker, logger_of(*post->crew));
    }
    auto instance = opened->instance;
    auto preparing = post->spec.prepare(std::move(instance));
    auto result = co_await std::move(preparing);
    plugin::translate(*post->spec.manifest, result);
    opened->lost = result.lost;
    if (!result.ok() && !result.lost)
      opened->error = std::make_exception_ptr(Error(result.code, Text::from_kept(result.reason())));
  } catch (const Error& error) {
    opened->lost = error.text().id() == "port.worker_died";
    opened->error = std::current_exception();
  }
}

void Fleet::Engine::post_failed(const PostPtr& post, std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    post->last_error = kept_of(e);
  }
  set(*post, Condition::failed);
  logger_of(*post->crew)
      .warn("instance did not become ready: " + Text::from_kept(post->last_error).english(),
            {{"integration", to_string_id(post->spec.integration)}});
  refuse_waiting(post, refusal(Text("supervisor.not_ready", {{"reason", post->last_error}})));
  tell_runners(*post, error);
  if (!post->spec.keep) return forget(post);
  const auto delay = back_off(kFirstRetry, kLongestRetry, ++post->failures);
  post->retry =
      options_.clock.after(strand_, delay, [weak = weak_from_this(), late = std::weak_ptr<Post>(post)] {
        const auto self = weak.lock();
        const auto again = late.lock();
        if (self && again && again->condition == Condition::failed && again->crew->port)
          self->begin_bring_up(again);
      });
  flush_all(post->crew);
}

void Fleet::Engine::forget(const PostPtr& post) {
  ++post->attempt;
  post->retry.reset();
  refuse_waiting(
      post, refusal(Text("supervisor.not_running", {{"integration", to_string_id(post->spec.integration)}})));
  const auto found = posts_.find(post->spec.integration);
  if (found != posts_.end() && found->second == post) posts_.erase(found);
  post->crew->posts.erase(post->spec.integration);
  post->crew->signal.notify();
  crew_gone_.notify();
  if (!post->instance) return;
  tasks_.spawn_on(strand_, "close", close_quietly(std::move(post->instance)));
}

asio::awaitable<void> Fleet::Engine::run(Spec spec, std::shared_ptr<Event> event) {
  const auto id = spec.integration;
  if (posts_.contains(id)) {
    auto ended = halt(id);
    co_await std::move(ended);
  }
  if (stopping_) throw Error(Code::cancelled, Text("supervisor.stopping"));
  const auto post = std::make_shared<Post>(std::move(spec), strand_);
  set(*post, Condition::starting);
  const auto crew = crew_for(post->spec);
  const bool is_new = !std::exchange(crew->tended, true);
  post->crew = crew;
  posts_[id] = post;
  crew->posts[id] = post;
  auto failed = std::make_shared<std::exception_ptr>();
  post->told.emplace_back([event, failed](std::exception_ptr error) {
    *failed = error;
    event->happened = true;
    event->signal.notify();
  });
  if (is_new) {
    tasks_.spawn_on(strand_, "crew", tend(crew));
  } else if (crew->quarantined) {
    post->last_error = crew->quarantine_reason;
    set(*post, Condition::quarantined);
    tell_runners(*post,
                 std::make_exception_ptr(Error(Code::unavailable, Text::from_kept(crew->quarantine_reason))));
  } else if (crew->port) {
    begin_bring_up(post);
  }
  while (!event->happened && !event->late) {
    auto told = event->signal.wait();
    co_await std::move(told);
  }
  if (!event->happened) throw Error(Code::cancelled, Text("supervisor.stopping"));
  if (*failed) std::rethrow_exception(*failed);
}

asio::awaitable<void> Fleet::Engine::halt(Id integration) {
  const auto found = posts_.find(integration);
  if (found == posts_.end()) co_return;
  const auto post = found->second;
  if (post->condition != Condition::stopping) {
    auto ended = take_down(post);
    co_await std::move(ended);
    forget(post);
  }
  for (;;) {
    const auto still = posts_.find(integration);
    if (still == posts_.end() || still->second != post) co_return;
    auto changed = crew_gone_.wait();
    co_await std::move(changed);
  }
}

asio::awaitable<void> Fleet::Engine::halt_to(Id integration) {
  return halt(integration);
}

asio::awaitable<void> Fleet::Engine::take_down(PostPtr post) {
  ++post->attempt;
  post->retry.reset();
  set(*post, Condition::stopping);
  const Text text("supervisor.stopping");
  tell_runners(*post, std::make_exception_ptr(Error(Code::cancelled, text)));
  refuse_waiting(post, refusal(text));
  const auto crew = post->crew;
  std::erase_if(crew->suspects, [&](const FlightPtr& flight) {
    if (flight->post.lock() != post) return false;
    answer(flight, refusal(text));
    return true;
  });
  flush_all(crew);
  auto instance = post->instance;
  if (!instance) co_return;
  auto ended = end_instance(post, std::move(instance));
  co_await std::move(ended);
  post->instance.reset();
}

asio::awaitable<void> Fleet::Engine::end_instance(PostPtr post, std::shared_ptr<port::Instance> instance) {
  const auto port = post->crew->port;
  auto draining = tell(instance, "drain", options_.drain);
  bool fine = co_await std::move(draining);
  auto finishing = finish_calls(post);
  co_await std::move(finishing);
  if (fine) {
    auto stopping = tell(instance, "stop", kStopLimit);
    fine = co_await std::move(stopping);
  }
  if (!fine && port && port->kill("it did not answer drain or stop in time")) co_return;
  auto closing = close(std::move(instance), kCloseLimit);
  const bool closed = co_await std::move(closing);
  if (!closed && port) port->kill("it did not let an instance be destroyed in time");
}

asio::awaitable<void> Fleet::Engine::finish_calls(PostPtr post) {
  for (const auto& flight : post->inside) {
    if (goes_beside(flight->call.method) && post->instance) post->instance->cancel(flight->number);
  }
  auto event = std::make_shared<Event>(strand_);
  const auto timer = options_.clock.after(strand_, options_.drain, [event, post] {
    event->late = true;
    post->idle.notify();
  });
  while (!post->inside.empty() && !event->late) {
    auto changed = post->idle.wait();
    co_await std::move(changed);
  }
}

asio::awaitable<bool> Fleet::Engine::wait_for(std::shared_ptr<Event> event, Duration limit) {
  const auto timer = options_.clock.after(strand_, limit, [event] {
    event->late = true;
    event->signal.notify();
  });
  while (!event->happened && !event->late) {
    auto changed = event->signal.wait();
    co_await std::move(changed);
  }
  co_return event->happened;
}

asio::awaitable<bool> Fleet::Engine::tell(std::shared_ptr<port::Instance> instance, std::string verb,
                                          Duration limit) {
  auto event = std::make_shared<Event>(strand_);
  const auto body =
      verb == "drain" ? "{\"deadline_ms\":" + std::to_string(limit.count()) + "}" : std::string("{}");
  port::Call call("pb.lifecycle/1:" + verb, port::Message(body), {}, limit);
  instance->begin(std::move(call), [event, strand = strand_](const port::Result&) {
    asio::post(strand, [event] {
      event->happened = true;
      event->signal.notify();
    });
  });
  auto answered = wait_for(event, limit);
  co_return co_await std::move(answered);
}

asio::awaitable<bool> Fleet::Engine::close(std::shared_ptr<port::Instance> instance, Duration limit) {
  auto event = std::make_shared<Event>(strand_);
  tasks_.spawn_on(strand_, "close", close_to(std::move(instance), event));
  auto closed = wait_for(event, limit);
  co_return co_await std::move(closed);
}

asio::awaitable<void> Fleet::Engine::close_to(std::shared_ptr<port::Instance> instance,
                                              std::shared_ptr<Event> event) {
  auto closing = instance->close();
  co_await std::move(closing);
  event->happened = true;
  event->signal.notify();
}

asio::awaitable<void> Fleet::Engine::close_quietly(std::shared_ptr<port::Instance> instance) {
  auto stopping = tell(instance, "stop", kStopLimit);
  co_await std::move(stopping);
  auto closing = close(std::move(instance), kCloseLimit);
  co_await std::move(closing);
}

}  // namespace patchbay::supervisor
