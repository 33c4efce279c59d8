#include "store/notices.hpp"

#include <libpq-fe.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "base/back_off.hpp"
#include "store/impl/postgresql_link.hpp"

namespace patchbay::store {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr const char* kListen = "listen patchbay";
constexpr const char* kSay = "select pg_notify('patchbay', $1)";
constexpr const char* kStillThere = "select 1";
constexpr auto kQuiet = 20ms;              // between two times of saying something
constexpr auto kIdle = 30s;                // then the connection is tried
constexpr auto kAnswer = 10s;              // that long an answer may take
constexpr std::size_t kWordsAtOnce = 200;  // a payload has room for 8000 bytes
constexpr Duration kFirstPause{200};
constexpr Duration kLongestPause{10'000};

struct Closing {
  void operator()(PGconn* link) const { PQfinish(link); }
};
using Link = std::unique_ptr<PGconn, Closing>;

[[noreturn]] void fail(PGconn* link) {
  throw std::runtime_error(trimmed(PQerrorMessage(link)));
}

}  // namespace

class Notices::Impl {
 public:
  Impl(const std::string& url, Heard heard, log::Logger logger)
      : url_(with_limits(url)),
        heard_(std::move(heard)),
        logger_(std::move(logger)),
        bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (bell_ < 0) throw std::runtime_error("eventfd");
    thread_ = std::thread([this] { run(); });
  }
  ~Impl() {
    stopping_ = true;
    ring();
    thread_.join();
    ::close(bell_);
  }

  void say(std::string word) {
    {
      const std::lock_guard lock(mutex_);
      if (!words_.insert(std::move(word)).second) return;
    }
    ring();
  }

 private:
  void ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(bell_, &one, sizeof one);
  }

  void run() {
    for (int failures = 0; !stopping_;) {
      try {
        const auto link = connect();
        if (!link) return;
        failures = 0;
        serve(link.get());
      } catch (const std::exception& error) {
        if (failures == 0)
          logger_.warn("other hosts are not heard now; work is found by looking", {{"error", error.what()}});
        wait(nullptr, 0, back_off(kFirstPause, kLongestPause, ++failures));
      }
    }
  }

  // Whether the link is readable (or writable); sooner when the bell rings.
  bool wait(PGconn* link, short events, std::chrono::milliseconds at_most) const {
    pollfd both[2] = {{bell_, POLLIN, 0}, {link == nullptr ? -1 : PQsocket(link), events, 0}};
    ::poll(both, 2, static_cast<int>(at_most.count()));
    std::uint64_t rings = 0;
    if (both[0].revents != 0) [[maybe_unused]]
      const auto got = ::read(bell_, &rings, sizeof rings);
    return both[1].revents != 0;
  }

  // Nothing when it is time to stop.
  Link connect() const {
    Link link(PQconnectStart(url_.c_str()));
    if (!link || PQstatus(link.get()) == CONNECTION_BAD) fail(link.get());
    const auto until = Steady::now() + kAnswer;
    for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;) {
      const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
      const bool is_ready = wait(link.get(), events, 1s);
      if (stopping_) return nullptr;
      if (is_ready) state = PQconnectPoll(link.get());
      if (state == PGRES_POLLING_FAILED) fail(link.get());
      if (Steady::now() > until) throw std::runtime_error("the server does not answer");
    }
    return link;
  }

  void serve(PGconn* link) {
    auto asked = Steady::now();
    bool is_asking = true;
    ask(link, kListen, nullptr);
    for (;;) {
      const auto since = Steady::now() - asked;
      if (is_asking && since > kAnswer) throw std::runtime_error("the server does not answer");
      if (!is_asking && since >= kQuiet) {
        const auto words = take();
        if (!words.empty() || since >= kIdle) {
          ask(link, words.empty() ? kStillThere : kSay, words.empty() ? nullptr : words.c_str());
          asked = Steady::now();
          is_asking = true;
        }
      }
      wait(link, POLLIN, is_asking || has_words() ? kQuiet : std::chrono::milliseconds(kIdle));
      if (stopping_) return;
      is_asking = read(link) && is_asking;
    }
  }

  static void ask(PGconn* link, const char* sql, const char* value) {
    if (PQsendQueryParams(link, sql, value == nullptr ? 0 : 1, nullptr, &value, nullptr, nullptr, 0) != 1)
      fail(link);
  }

  // Whether an answer is still to come.
  bool read(PGconn* link) const {
    if (PQconsumeInput(link) != 1) fail(link);
    bool is_asking = true;
    while (is_asking && PQisBusy(link) == 0) {
      PGresult* const result = PQgetResult(link);
      is_asking = result != nullptr;
      const auto status = PQresultStatus(result);
      PQclear(result);
      if (is_asking && status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(link);
    }
    while (PGnotify* const notice = PQnotifies(link)) {
      const bool is_own = notice->be_pid == PQbackendPID(link);
      std::istringstream words(notice->extra);
      PQfreemem(notice);
      for (std::string word; !is_own && std::getline(words, word, ',');) heard_(word);
    }
    return is_asking;
  }

  bool has_words() const {
    const std::lock_guard lock(mutex_);
    return !words_.empty();
  }

  std::string take() {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (std::size_t i = 0; i < kWordsAtOnce && !words_.empty(); ++i) {
      out += (out.empty() ? "" : ",") + *words_.begin();
      words_.erase(words_.begin());
    }
    return out;
  }

  const std::string url_;
  const Heard heard_;
  const log::Logger logger_;
  const int bell_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::set<std::string> words_;
  std::thread thread_;
};

Notices::Notices(const std::string& url, Heard heard, log::Logger logger)
    : impl_(std::make_unique<Impl>(url, std::move(heard), std::move(logger))) {}
Notices::~Notices() = default;

void Notices::say(std::string word) {
  impl_->say(std::move(word));
}

}  // namespace patchbay::store
