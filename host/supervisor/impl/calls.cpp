// Calls: in, over as many workers as it takes, and out again.
#include <algorithm>

#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include "plugin/texts.hpp"
#include "port/limits.hpp"
#include "supervisor/impl/engine.hpp"

namespace patchbay::supervisor {

namespace asio = boost::asio;

namespace {
constexpr Duration kCancelGrace{500};
constexpr std::chrono::minutes kCulpritMemory{10};
constexpr Duration kSteady{5'000};
constexpr Duration kLeastSteady{250};
constexpr Duration kAllTrials{60'000};  // about, however many there are
constexpr int kMostTrials = 3;          // deaths on trial, where others were inside too

port::Result overdue(const Flight& flight, Code code = Code::deadline) {
  return port::failure(code, Text("supervisor.overdue", {{"method", flight.call.method}}));
}

port::Result poison(const Flight& flight, Code code = Code::internal) {
  auto result = port::failure(code, Text("supervisor.poison", {{"method", flight.call.method}}));
  result.poison = true;
  return result;
}

// By integration and by what the run is for: the rest of its request is new each time.
std::string name_of_run(Id integration, const port::Call& call) {
  if (!goes_beside(call.method)) return {};
  const auto request = nlohmann::json::parse(call.message.json, nullptr, false);
  auto name = to_string_id(integration) + " " + call.method;
  for (const auto* key : {"listener", "job"}) {
    if (request.is_object() && request.contains(key)) name += " " + request.at(key).dump();
  }
  return name;
}

}  // namespace

bool goes_beside(const std::string& method) {
  return method == "pb.listen/1:run" || method == "pb.sync/1:run";
}

port::Result refusal(const Text& text) {
  return port::failure(Code::unavailable, text);
}

void Fleet::Engine::admit(Id integration, FlightPtr flight) {
  flight->began = options_.clock.monotonic();
  const auto found = posts_.find(integration);
  if (found == posts_.end() || found->second->condition == Condition::stopping) {
    return answer(flight,
                  refusal(Text("supervisor.not_running", {{"integration", to_string_id(integration)}})));
  }
  const auto post = found->second;
  flight->post = post;
  flight->beside = name_of_run(integration, flight->call);
  if (post->condition == Condition::quarantined || post->condition == Condition::failed) {
    return answer(flight, refusal(Text("supervisor.not_ready", {{"reason", post->last_error}})));
  }
  if (flight->call.timeout > Duration{0}) flight->limit = flight->began + flight->call.timeout;
  arm(flight, flight->call.timeout > Duration{0} ? flight->call.timeout : options_.unlimited_wait);
  post->waiting.push_back(flight);
  flush(post);
}

void Fleet::Engine::arm(const FlightPtr& flight, Duration delay) {
  flight->timer =
      options_.clock.after(strand_, delay, [weak = weak_from_this(), flight = std::weak_ptr<Flight>(flight)] {
        const auto self = weak.lock();
        const auto late = flight.lock();
        if (!self || !late) return;
        if (late->overdue) {
          self->grace_over(late);
        } else {
          self->limit_reached(late);
        }
      });
}

bool Fleet::Engine::may_launch(const Post& post) const {
  return post.instance && post.condition == Condition::ready && post.crew->suspects.empty() &&
         !post.crew->alone;
}

void Fleet::Engine::flush(const PostPtr& post) {
  const auto crew = post->crew;
  std::deque<FlightPtr> later;
  while (!post->waiting.empty() && may_launch(*post)) {
    auto flight = std::move(post->waiting.front());
    post->waiting.pop_front();
    if (is_held_up(*crew, *flight)) {
      later.push_back(std::move(flight));
      continue;
    }
    if (crew->doubted.contains(flight->beside)) begin_trial(crew, flight);
    launch(post, flight);
  }
  post->waiting.insert(post->waiting.begin(), later.begin(), later.end());
}

bool Fleet::Engine::is_held_up(const Crew& crew, const Flight& flight) const {
  return crew.on_trial && crew.doubted.contains(flight.beside);
}

// Until it has been steady; what ends its worker meanwhile has a name.
void Fleet::Engine::begin_trial(const CrewPtr& crew, const FlightPtr& flight) {
  crew->on_trial = flight;
  crew->steady =
      options_.clock.after(strand_, crew->trial, [weak = weak_from_this(), late = std::weak_ptr<Crew>(crew)] {
        const auto self = weak.lock();
        const auto alive = late.lock();
        if (!self || !alive || !alive->on_trial) return;
        alive->doubted.erase(alive->on_trial->beside);
        alive->on_trial.reset();
        self->flush_all(alive);
      });
}

// After a counted death. True when it was this one's doing: it is answered, and its caller runs it no more.
bool Fleet::Engine::doubt(const CrewPtr& crew, const FlightPtr& flight, bool on_trial, bool is_only_one) {
  if (crew->posts.size() < 2) return false;  // there is nobody to spare
  auto& trials = crew->doubted[flight->beside];
  if (!on_trial || (++trials < kMostTrials && !is_only_one)) return false;
  logger_of(*crew).error("a run ended its worker again: it is left out", {{"run", flight->beside}});
  auto result =
      port::failure(Code::internal, Text("supervisor.poison_run", {{"method", flight->call.method}}));
  result.poison = true;
  answer(flight, std::move(result));
  return true;
}

void Fleet::Engine::flush_all(const CrewPtr& crew) {
  if (crew->alone || !crew->port) return;
  while (!crew->suspects.empty()) {
    // One at a time, with nothing else inside: so that a death names its cause.
    for (const auto& [id, post] : crew->posts) {
      if (post->condition == Condition::starting || !post->inside.empty()) return;
    }
    auto flight = std::move(crew->suspects.front());
    crew->suspects.pop_front();
    const auto post = flight->post.lock();
    if (!post || !post->instance) {
      answer(flight, refusal(Text("supervisor.not_ready", {{"reason", post ? post->last_error : ""}})));
      continue;
    }
    crew->alone = flight;
    return launch(post, flight);
  }
  for (const auto& [id, post] : crew->posts) flush(post);
}

void Fleet::Engine::launch(const PostPtr& post, const FlightPtr& flight) {
  auto call = flight->call;
  if (flight->limit.count() != 0) {
    const auto left = std::chrono::duration_cast<Duration>(flight->limit - options_.clock.monotonic());
    call.timeout = std::max(left, Duration{1});
  } else {
    flight->timer.reset();
  }
  flight->inside = true;
  post->inside.insert(flight);
  auto done = [weak = weak_from_this(), crew = post->crew, life = post->crew->life,
               flight](port::Result result) {
    const auto self = weak.lock();
    if (!self) return;
    asio::post(self->strand_, [self, crew, life, flight, result = std::move(result)]() mutable {
      self->finished(crew, life, flight, std::move(result));
    });
  };
  flight->number = post->instance->begin(std::move(call), std::move(done));
}

void Fleet::Engine::finished(const CrewPtr& crew, std::uint64_t life, const FlightPtr& flight,
                             port::Result result) {
  if (!flight->inside) return;
  if (result.lost && crew->life == life) {
    crew->lost.emplace_back(flight, std::move(result));  // how its process ended is told next
    return;
  }
  flight->inside = false;
  if (crew->alone == flight) crew->alone.reset();
  if (crew->on_trial == flight) {
    if (!result.lost) crew->doubted.erase(flight->beside);
    crew->on_trial.reset();
  }
  const auto post = flight->post.lock();
  if (post) {
    post->inside.erase(flight);
    post->idle.notify();
  }
  if (result.lost && post && flight->done && post->condition != Condition::stopping) {
    post->waiting.push_front(flight);  // it came too late to be inside
    return flush_all(crew);
  }
  if (result.code == Code::cancelled && !goes_beside(flight->call.method)) {
    const bool acted = post && post->spec.host->acted(flight->call.trace, flight->began);
    const bool ours = flight->cancelled || !post || post->condition == Condition::stopping;
    if (flight->overdue) {
      result = overdue(*flight, acted ? Code::outcome_unknown : Code::deadline);
    } else if (acted || ours) {
      // Whoever gave it up does not say what it had done before; that it did nothing, the host can tell.
      result.code = acted ? Code::outcome_unknown : Code::unavailable;
    }
  }
  answer(flight, std::move(result));
  flush_all(crew);
}

void Fleet::Engine::answer(const FlightPtr& flight, port::Result result) {
  if (!flight->inside) flight->timer.reset();
  flight->cancel_timer.reset();
  const auto done = std::exchange(flight->done, nullptr);
  if (!done) return;
  if (const auto post = flight->post.lock()) {
    const auto& plugin = post->spec.manifest->id;
    const std::chrono::duration<double> took = options_.clock.monotonic() - flight->began;
    ++post->calls;
    plugin::translate(*post->spec.manifest, result);
    if (!result.ok()) {
      ++post->errors;
      call_errors_.add(1, {plugin, std::string(code_name(result.code))});
    }
    if (!goes_beside(flight->call.method)) {
      post->latency.add(std::chrono::duration_cast<std::chrono::nanoseconds>(took));
      call_seconds_.record(took.count(), {plugin});
    }
  }
  done(std::move(result));
}

void Fleet::Engine::cancel(const FlightPtr& flight) {
  if (!flight->done) return;
  flight->cancelled = true;
  const auto post = flight->post.lock();
  if (!flight->inside || !post || !post->instance) {
    if (post) {
      std::erase(post->waiting, flight);
      std::erase(post->crew->suspects, flight);
    }
    return answer(flight,
                  port::failure(Code::unavailable, Text("supervisor.cancelled")));  // nothing happened
  }
  post->instance->cancel(flight->number);
  flight->cancel_timer = options_.clock.after(strand_, kCancelGrace, [weak = weak_from_this(), flight] {
    // Its plugin goes on with it for all that anybody knows.
    if (const auto self = weak.lock())
      self->answer(flight, port::failure(Code::outcome_unknown, Text("supervisor.cancelled")));
  });
}

void Fleet::Engine::limit_reached(const FlightPtr& flight) {
  const auto post = flight->post.lock();
  if (!post) return;
  if (!flight->inside && flight->limit.count() == 0 && is_held_up(*post->crew, *flight))
    return arm(flight, options_.unlimited_wait);
  if (!flight->inside) {
    std::erase(post->waiting, flight);
    std::erase(post->crew->suspects, flight);
    const auto reason =
        post->last_error.empty() ? std::string(condition_name(post->condition)) : post->last_error;
    return answer(flight, refusal(Text("supervisor.not_ready", {{"reason", reason}})));
  }
  flight->overdue = true;
  arm(flight, options_.overdue_grace);
  if (post->instance) post->instance->cancel(flight->number);
}

void Fleet::Engine::grace_over(const FlightPtr& flight) {
  const auto post = flight->post.lock();
  if (!post || !flight->inside) return;
  const auto why = "the call " + flight->call.method + " outlived its time limit";
  flight->outlived = true;
  if (post->crew->port && post->crew->port->kill(why)) return;
  logger_of(*post->crew)
      .error("a plugin inside the host is stalled: " + why,
             {{"integration", to_string_id(post->spec.integration)}});
  const bool acted = post->spec.host->acted(flight->call.trace, flight->began);
  answer_culprit(post->crew, flight, overdue(*flight, acted ? Code::outcome_unknown : Code::deadline));
}

// For one that ended its worker and goes back to its caller, who may repeat it: once.
void Fleet::Engine::answer_culprit(const CrewPtr& crew, const FlightPtr& flight, port::Result result) {
  const auto now = options_.clock.monotonic();
  std::erase_if(crew->culprits, [now](const auto& item) { return now - item.second > kCulpritMemory; });
  const auto& call = flight->call;
  if (call.trace.empty() || crew->culprits.emplace(call.method + " " + call.trace, now).second)
    return answer(flight, std::move(result));
  logger_of(*crew).error("a call ended its worker twice: it is given up",
                         {{"method", call.method}, {"trace", call.trace}});
  const bool unknown = result.code == Code::outcome_unknown;
  answer(flight, poison(*flight, unknown ? Code::outcome_unknown : Code::internal));
}

void Fleet::Engine::refuse_waiting(const PostPtr& post, const port::Result& result) {
  const auto waiting = std::exchange(post->waiting, {});
  for (const auto& flight : waiting) answer(flight, result);
}

bool Fleet::Engine::settle_lost(const CrewPtr& crew, bool counted) {
  const auto lost = std::exchange(crew->lost, {});
  crew->alone.reset();
  const auto inside = std::count_if(lost.begin(), lost.end(), [](const auto& item) {
    return !item.second.untouched && !goes_beside(item.first->call.method);
  });
  const auto touched =
      std::count_if(lost.begin(), lost.end(), [](const auto& item) { return !item.second.untouched; });
  const auto on_trial = std::exchange(crew->on_trial, nullptr);
  bool is_named = false;
  std::deque<FlightPtr> again;
  for (const auto& [flight, result] : lost) {
    flight->inside = false;
    const auto post = flight->post.lock();
    if (post) post->inside.erase(flight);
    if (post) post->idle.notify();
    const bool struck = counted && !result.untouched;  // who only waited in the window has done nothing
    if (struck) ++flight->strikes;
    if (struck && post && goes_beside(flight->call.method))
      is_named |= doubt(crew, flight, flight == on_trial, touched == 1);
    const bool unknown = result.code == Code::outcome_unknown;
    const bool culprit = flight->outlived || (struck && inside == 1 && unknown);
    const bool never_again =
        !post || goes_beside(flight->call.method) || post->condition == Condition::stopping;
    if (never_again || (unknown && !culprit)) {
      answer(flight, result);
    } else if (culprit) {
      answer_culprit(crew, flight, unknown ? result : overdue(*flight));
    } else if (flight->overdue) {
      answer(flight, overdue(*flight));
    } else if (flight->cancelled) {
      answer(flight, port::failure(Code::unavailable, Text("supervisor.cancelled")));
    } else if (struck && flight->strikes >= 2 && inside == 1) {
      logger_of(*crew).error("a call ended its worker twice, alone: it is given up",
                             {{"method", flight->call.method}, {"trace", flight->call.trace}});
      answer(flight, poison(*flight));
    } else {
      (struck ? crew->suspects : again).push_back(flight);
    }
    if (flight->done && flight->limit.count() == 0) arm(flight, options_.unlimited_wait);
  }
  for (auto flight = again.rbegin(); flight != again.rend(); ++flight)
    (*flight)->post.lock()->waiting.push_front(*flight);
  const auto many = std::max<Duration::rep>(1, static_cast<Duration::rep>(crew->doubted.size()));
  crew->trial = std::clamp(kAllTrials / many, kLeastSteady, kSteady);
  return is_named;
}

}  // namespace patchbay::supervisor
