#include "store/host_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "store/impl/connection.hpp"
#include "store/impl/store_url.hpp"

namespace patchbay::store {

namespace {

constexpr auto kPause = std::chrono::milliseconds(50);
constexpr auto kCheckEvery = std::chrono::seconds(1);

Error second_host(const std::string& where) {
  return Error(Code::conflict, Text("store.second_host", {{"where", where}}));
}

// Start-up waits here before there is anything else to do, so it sleeps.
template <class F>
bool within(std::chrono::milliseconds patience, F attempt) {
  for (auto waited = std::chrono::milliseconds(0); !attempt(); waited += kPause) {
    if (waited >= patience) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

class FileLock final : public HostLock {
 public:
  FileLock(const std::string& path, std::chrono::milliseconds patience)
      : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw unavailable(path + ": " + std::generic_category().message(errno));
    if (within(patience, [this] { return ::flock(fd_, LOCK_EX | LOCK_NB) == 0; })) return;
    ::close(fd_);
    throw second_host(path);
  }
  ~FileLock() override { ::close(fd_); }

 private:
  const int fd_;
};

class AdvisoryLock final : public HostLock {
 public:
  AdvisoryLock(const std::string& url, log::Logger logger, OnTaken on_taken,
               std::chrono::milliseconds patience)
      : connection_(make_postgresql_connection(url)),
        logger_(std::move(logger)),
        on_taken_(std::move(on_taken)) {
    if (!within(patience, [this] { return take_first(); })) throw second_host("PostgreSQL");
    watcher_ = std::thread([this] { watch(); });
  }

  ~AdvisoryLock() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    watcher_.join();
  }

 private:
  // A session may take its lock again, so this also asks whether it is still held. Throws when the database
  // is away.
  bool take() {
    connection_->begin(Connection::Mode::write);
    const auto row = connection_->query_one("select pg_try_advisory_lock(7236417002)");
    connection_->commit();
    return row->integer(0) == 1;
  }

  bool take_first() {
    try {
      return take();
    } catch (const ConnectionLost& lost) {
      throw unavailable(lost.reason);
    }
  }

  // Nothing while the database is away: then nobody can take the lock, and it is taken again when it is back.
  std::optional<bool> try_take() {
    try {
      return take();
    } catch (const ConnectionLost& lost) {
      logger_.warn("store: the host's lock is lost and will be taken again", {{"reason", lost.reason}});
    } catch (const Error& error) {
      logger_.warn("store: the host's lock cannot be checked", {{"reason", error.what()}});
    }
    connection_->close();
    return std::nullopt;
  }

  void watch() {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, kCheckEvery, [this] { return stopping_; })) {
      lock.unlock();
      const auto held = try_take();
      if (held == false) {
        logger_.error("store: another host has taken this store");
        on_taken_();
        return;
      }
      lock.lock();
    }
  }

  const std::unique_ptr<Connection> connection_;
  const log::Logger logger_;
  const OnTaken on_taken_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread watcher_;
};

}  // namespace

std::unique_ptr<HostLock> HostLock::acquire(const std::string& store_url, log::Logger logger,
                                            OnTaken on_taken, std::chrono::milliseconds patience) {
  const StoreUrl url(store_url);
  if (url.dialect == Dialect::sqlite) return std::make_unique<FileLock>(url.path + ".host-lock", patience);
  return std::make_unique<AdvisoryLock>(store_url, std::move(logger), std::move(on_taken), patience);
}

}  // namespace patchbay::store
