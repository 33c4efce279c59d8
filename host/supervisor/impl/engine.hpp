#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <set>

#include <boost/asio/strand.hpp>

#include "base/task_scope.hpp"
#include "supervisor/fleet.hpp"
#include "supervisor/impl/signal.hpp"

namespace patchbay::supervisor {

struct Crew;
struct Post;

// One call on its way, over as many workers as it takes.
struct Flight {
  Flight(port::Call c, port::Instance::Done d) : call(std::move(c)), done(std::move(d)) {}

  port::Call call;
  port::Instance::Done done;  // empty once it is answered
  std::weak_ptr<Post> post;
  std::chrono::nanoseconds began{0};
  std::chrono::nanoseconds limit{0};           // on the monotonic clock; 0: none
  std::unique_ptr<Clock::Timer> timer;         // its limit, then the grace after it
  std::unique_ptr<Clock::Timer> cancel_timer;  // the grace after its caller went away
  std::uint64_t number = 0;                    // inside its instance
  bool inside = false;
  bool overdue = false;
  bool outlived = false;  // its limit and the grace: its worker was killed for it
  bool cancelled = false;
  int strikes = 0;  // counted deaths that it was open at
  std::string
      beside;  // whose run it is, the same each time its caller starts it again; empty: it goes not beside
};
using FlightPtr = std::shared_ptr<Flight>;

// One wanted integration.
struct Post {
  Post(Spec s, const boost::asio::any_io_executor& strand) : spec(std::move(s)), idle(strand) {}

  Spec spec;
  Signal idle;  // a call inside has ended
  std::shared_ptr<Crew> crew;
  std::shared_ptr<port::Instance> instance;  // while ready
  Condition condition = Condition::starting;
  TimePoint since{};
  std::string last_error;  // why it is not ready, as Text::kept
  std::string past_error;  // the last of them, and when
  TimePoint past_error_at{};
  std::uint64_t attempt =
      0;             // rises with every try and with the end: what belongs to an older one is dropped
  int failures = 0;  // in a row
  std::unique_ptr<Clock::Timer> retry;
  std::vector<std::function<void(std::exception_ptr)>> told;  // who waits in run()
  std::deque<FlightPtr> waiting;
  std::set<FlightPtr> inside;
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  Latency latency;
};
using PostPtr = std::shared_ptr<Post>;

// One worker (or the host's own process) of a plugin version, and its posts.
struct Crew {
  explicit Crew(boost::asio::any_io_executor strand) : signal(std::move(strand)) {}

  std::string key;
  std::shared_ptr<const plugin::Manifest> manifest;
  bool in_process = false;
  Signal signal;
  std::shared_ptr<port::Port> port;
  std::uint64_t life = 0;  // rises with every start and every death
  std::map<Id, PostPtr> posts;
  std::deque<std::chrono::nanoseconds> deaths;  // counted ones of the last ten minutes
  std::chrono::nanoseconds not_before{0};
  std::chrono::nanoseconds started{0};
  std::unique_ptr<Clock::Timer> wake;
  int back_off = 0;  // steps
  std::uint64_t restarts = 0;
  bool tended = false;  // a task keeps it
  bool ending = false;  // takes no more posts
  bool quarantined = false;
  std::string quarantine_reason;
  std::vector<std::pair<FlightPtr, port::Result>> lost;  // answered by a death that is about to be told
  std::deque<FlightPtr> suspects;                        // open at a counted death: repeated one at a time
  FlightPtr alone;                                       // the suspect that is inside
  // Runs beside the calls that were open at a counted death, and at how many while they were on trial: they
  // come again one at a time, until each has been steady.
  std::map<std::string, int> doubted;
  FlightPtr on_trial;  // the one of them that is inside
  Duration trial{0};   // how long each has to be steady
  std::unique_ptr<Clock::Timer> steady;
  // When calls that went back to their callers had ended this crew's worker, by method and trace: their
  // callers may repeat them.
  std::map<std::string, std::chrono::nanoseconds> culprits;
};
using CrewPtr = std::shared_ptr<Crew>;

// Something that happens once.
struct Event {
  explicit Event(const boost::asio::any_io_executor& strand) : signal(strand) {}
  Signal signal;
  bool happened = false;
  bool late = false;
};

// What became of opening and preparing an instance.
struct Opened {
  std::shared_ptr<port::Instance> instance;
  std::exception_ptr error;
  bool lost = false;  // its process died meanwhile, which is told apart
};

// Calls that stay open by nature: not repeated by us, their callers start them again.
bool goes_beside(const std::string& method);
port::Result refusal(const Text& text);

// Everything of a fleet, on one strand.
class Fleet::Engine : public std::enable_shared_from_this<Fleet::Engine> {
 public:
  explicit Engine(Options options);

  // `told` is whether the instance is ready; making it late ends the wait.
  boost::asio::awaitable<void> run(Spec spec, std::shared_ptr<Event> told);
  boost::asio::awaitable<void> halt(Id integration);
  boost::asio::awaitable<void> stop();
  boost::asio::awaitable<std::vector<Health>> health();
  void release(Id integration);

  // calls.cpp
  void admit(Id integration, FlightPtr flight);
  void cancel(const FlightPtr& flight);

  const boost::asio::any_io_executor& strand() const { return strand_; }
  Clock& clock() const { return options_.clock; }

 private:
  // crews.cpp
  CrewPtr crew_for(const Spec& spec);
  boost::asio::awaitable<void> tend(CrewPtr crew);
  boost::asio::awaitable<void> start_port(CrewPtr crew);
  boost::asio::awaitable<std::shared_ptr<port::Port>> make_port(CrewPtr crew);
  void start_failed(const CrewPtr& crew, const Error& error);
  void on_death(const CrewPtr& crew, std::uint64_t life, port::Death death);
  void count_death(const CrewPtr& crew, const std::string& cause);
  void hold_back(const CrewPtr& crew);
  void quarantine(const CrewPtr& crew, const std::string& cause);
  void wait_until(const CrewPtr& crew, Duration delay);
  // Whether it is known which run beside the calls was the cause, and that one was left out.
  bool settle_lost(const CrewPtr& crew, bool counted);
  log::Logger logger_of(const Crew& crew) const;

  // posts.cpp
  boost::asio::awaitable<void> bring_up(PostPtr post, std::uint64_t attempt);
  boost::asio::awaitable<void> open_and_prepare(PostPtr post, std::shared_ptr<port::Port> port,
                                                std::shared_ptr<Opened> opened);
  void begin_bring_up(const PostPtr& post);
  boost::asio::awaitable<void> take_down(PostPtr post);
  boost::asio::awaitable<void> end_instance(PostPtr post, std::shared_ptr<port::Instance> instance);
  boost::asio::awaitable<bool> tell(std::shared_ptr<port::Instance> instance, std::string verb,
                                    Duration limit);
  boost::asio::awaitable<bool> close(std::shared_ptr<port::Instance> instance, Duration limit);
  boost::asio::awaitable<void> close_quietly(std::shared_ptr<port::Instance> instance);
  boost::asio::awaitable<bool> wait_for(std::shared_ptr<Event> event, Duration limit);
  boost::asio::awaitable<void> finish_calls(PostPtr post);
  boost::asio::awaitable<void> close_to(std::shared_ptr<port::Instance> instance,
                                        std::shared_ptr<Event> event);
  boost::asio::awaitable<void> halt_to(Id integration);
  void post_failed(const PostPtr& post, std::exception_ptr error);
  void forget(const PostPtr& post);
  void set(Post& post, Condition condition);
  void tell_runners(Post& post, std::exception_ptr error);
  void try_posts(const CrewPtr& crew);

  // calls.cpp
  void flush(const PostPtr& post);
  void flush_all(const CrewPtr& crew);
  void launch(const PostPtr& post, const FlightPtr& flight);
  void finished(const CrewPtr& crew, std::uint64_t life, const FlightPtr& flight, port::Result result);
  void answer(const FlightPtr& flight, port::Result result);
  void arm(const FlightPtr& flight, Duration delay);
  void answer_culprit(const CrewPtr& crew, const FlightPtr& flight, port::Result result);
  void limit_reached(const FlightPtr& flight);
  void grace_over(const FlightPtr& flight);
  bool may_launch(const Post& post) const;
  bool is_held_up(const Crew& crew, const Flight& flight) const;
  void begin_trial(const CrewPtr& crew, const FlightPtr& flight);
  bool doubt(const CrewPtr& crew, const FlightPtr& flight, bool on_trial, bool is_only_one);
  void refuse_waiting(const PostPtr& post, const port::Result& result);

  const Options options_;
  const boost::asio::any_io_executor strand_;
  TaskScope tasks_;
  std::map<Id, PostPtr> posts_;
  std::list<CrewPtr> crews_;
  Signal crew_gone_;
  std::minstd_rand random_;
  metrics::Metric call_seconds_;
  metrics::Metric call_errors_;
  metrics::Metric deaths_;
  bool stopping_ = false;
};

}  // namespace patchbay::supervisor
