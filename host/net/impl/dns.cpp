#include "net/dns.hpp"

#include <ares.h>

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/system_error.hpp>

#include "base/error.hpp"
#include "net/impl/wait_for.hpp"

namespace patchbay::net {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;
using Descriptor = asio::posix::stream_descriptor;

constexpr int kClass = 1;  // IN
constexpr int kTryMs = 2'000;
constexpr int kTries = 3;
constexpr Duration kTick{100};

// One question to c-ares, which names sockets and times; Asio waits for them. On one strand.
class Query : public std::enable_shared_from_this<Query> {
 public:
  Query(asio::any_io_executor executor, Clock& clock) : executor_(std::move(executor)), clock_(clock) {}
  ~Query() {
    done_ = nullptr;
    if (channel_ != nullptr) ::ares_destroy(channel_);
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  void start(const std::string& name, DnsType type, const std::string& servers, std::function<void()> done) {
    done_ = std::move(done);
    ares_options options{};
    options.timeout = kTryMs;
    options.tries = kTries;
    options.sock_state_cb = &Query::on_state;
    options.sock_state_cb_data = this;
    constexpr int kGiven = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    status_ = ::ares_init_options(&channel_, &options, kGiven);
    if (status_ == ARES_SUCCESS && !servers.empty())
      status_ = ::ares_set_servers_ports_csv(channel_, servers.c_str());
    if (status_ != ARES_SUCCESS) return finish();
    ::ares_query(channel_, name.c_str(), kClass, static_cast<int>(type), &Query::on_answer, this);
    tick();
  }

  int status() const { return status_; }
  const std::string& reply() const { return reply_; }

 private:
  struct Socket {
    Socket(asio::any_io_executor executor, int fd) : descriptor(executor, fd) {}
    Descriptor descriptor;
    bool reads = false;
    bool writes = false;
  };

  void finish() {
    if (const auto done = std::exchange(done_, nullptr)) done();
  }
  static void on_answer(void* self, int status, int, unsigned char* bytes, int size) {
    auto& query = *static_cast<Query*>(self);
    query.status_ = status;
    if (bytes != nullptr)
      query.reply_.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    query.finish();
  }
  // What c-ares wants to know of a socket; neither: it is about to close it.
  static void on_state(void* self, ares_socket_t fd, int reads, int writes) {
    auto& query = *static_cast<Query*>(self);
    const auto found = query.sockets_.find(fd);
    if (reads == 0 && writes == 0) {
      if (found == query.sockets_.end()) return;
      found->second->descriptor.release();
      query.sockets_.erase(found);
      return;
    }
    const bool is_new = found == query.sockets_.end();
    const auto socket = is_new ? std::make_shared<Socket>(query.executor_, fd) : found->second;
    if (is_new) query.sockets_.emplace(fd, socket);
    const bool begins_to_read = reads != 0 && !socket->reads;
    const bool begins_to_write = writes != 0 && !socket->writes;
    socket->reads = reads != 0;
    socket->writes = writes != 0;
    if (begins_to_read) query.wait(socket, fd, Descriptor::wait_read);
    if (begins_to_write) query.wait(socket, fd, Descriptor::wait_write);
  }
  void wait(const std::shared_ptr<Socket>& socket, int fd, Descriptor::wait_type type) {
    auto ready = [weak = weak_from_this(), kept = std::weak_ptr<Socket>(socket), fd, type](error_code error) {
      const auto self = weak.lock();
      const auto still = kept.lock();
      if (error || !self || !still) return;
      const bool is_read = type == Descriptor::wait_read;
      ::ares_process_fd(self->channel_, is_read ? fd : ARES_SOCKET_BAD, is_read ? ARES_SOCKET_BAD : fd);
      const auto found = self->sockets_.find(fd);
      if (found == self->sockets_.end() || found->second != still) return;
      if (is_read ? still->reads : still->writes) self->wait(still, fd, type);
    };
    socket->descriptor.async_wait(type, std::move(ready));
  }
  void tick() {
    timer_ = clock_.after(executor_, kTick, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self || !self->done_) return;
      ::ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      self->tick();
    });
  }

  const asio::any_io_executor executor_;
  Clock& clock_;
  ares_channel channel_ = nullptr;
  std::map<int, std::shared_ptr<Socket>> sockets_;
  std::unique_ptr<Clock::Timer> timer_;
  std::function<void()> done_;
  int status_ = ARES_SUCCESS;
  std::string reply_;
};

class CAres final : public Dns {
 public:
  CAres(Clock& clock, const std::vector<std::string>& servers) : clock_(clock) {
    ::ares_library_init(ARES_LIB_INIT_ALL);
    for (const auto& each : servers) servers_ += (servers_.empty() ? "" : ",") + each;
  }

  awaitable<std::vector<DnsRecord>> resolve(std::string name, DnsType type, Duration limit) override {
    auto executor = co_await asio::this_coro::executor;
    const auto query = std::make_shared<Query>(executor, clock_);
    auto begin = [this, query, name, type](auto done) {
      query->start(name, type, servers_, [done] { done(error_code()); });
    };
    std::optional<error_code> failed;
    try {
      auto waiting = wait_for(clock_, limit, std::move(begin));
      co_await std::move(waiting);
    } catch (const boost::system::system_error& error) {
      failed = error.code();
    }
    if (failed == asio::error::timed_out) {
      const auto time = std::to_string(limit.count());
      throw Error(Code::deadline, Text("net.dns_late", {{"name", name}, {"limit", time}}));
    }
    if (failed) throw boost::system::system_error(*failed);
    const int status = query->status();
    if (status == ARES_ENOTFOUND || status == ARES_ENODATA) not_found(name);
    if (status != ARES_SUCCESS) {
      const std::string reason = ::ares_strerror(status);
      throw Error(Code::unavailable, Text("net.dns_unavailable", {{"name", name}, {"reason", reason}}));
    }
    auto records = read_dns_reply(query->reply(), type);
    if (records.empty()) not_found(name);
    co_return records;
  }

 private:
  [[noreturn]] static void not_found(const std::string& name) {
    throw Error(Code::not_found, Text("net.dns_not_found", {{"name", name}}));
  }

  Clock& clock_;
  std::string servers_;  // empty: the machine's
};

}  // namespace

std::unique_ptr<Dns> make_dns(Clock& clock, std::vector<std::string> servers) {
  return std::make_unique<CAres>(clock, servers);
}

}  // namespace patchbay::net
