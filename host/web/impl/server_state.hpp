#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "base/task_scope.hpp"
#include "web/http_server.hpp"

namespace patchbay::web {

// A connection, as the server sees it. All but expired() and executor() on its strand.
class Link : public std::enable_shared_from_this<Link> {
 public:
  virtual ~Link() = default;
  virtual bool expired(std::int64_t now) const = 0;
  virtual void cut() = 0;
  // The server stops: whoever is between two requests leaves now.
  virtual void drain() = 0;
  virtual boost::asio::any_io_executor executor() = 0;
  // Serves it from begin to end.
  virtual boost::asio::awaitable<void> run() = 0;
};

// `refused`: one too many; it is told so.
std::shared_ptr<Link> make_connection(std::shared_ptr<HttpServer::State> state,
                                      boost::asio::ip::tcp::socket socket, bool refused);

// Waits for the last connection, or for the end of the time given.
struct DrainWait {
  explicit DrainWait(boost::asio::any_completion_handler<void()> h) : handler(std::move(h)) {}
  void fire(const boost::asio::any_io_executor& executor) {
    if (done.exchange(true)) return;
    boost::asio::post(executor, [h = std::move(handler)]() mutable { boost::asio::dispatch(std::move(h)); });
  }
  boost::asio::any_completion_handler<void()> handler;
  std::unique_ptr<Clock::Timer> timer;
  std::atomic<bool> done{false};
};

struct HttpServer::State : std::enable_shared_from_this<HttpServer::State> {
  State(boost::asio::any_io_executor e, Clock& c, log::Logger l, Options o, Application& a)
      : executor(std::move(e)),
        clock(c),
        logger(std::move(l)),
        options(std::move(o)),
        application(a),
        acceptor(boost::asio::any_io_executor(boost::asio::make_strand(executor))),
        scope(executor, [this](const std::string& name, std::exception_ptr error) { report(name, error); }) {}

  void listen();
  void adopt();  // Options::inherited
  boost::asio::awaitable<void> accept_loop();
  boost::asio::awaitable<void> sweep_loop();
  boost::asio::awaitable<void> drained(Duration bound);
  void admit(boost::asio::ip::tcp::socket socket);
  void sweep();
  void enter(Link* link);
  void leave(Link* link);
  std::vector<std::shared_ptr<Link>> all();
  void report(const std::string& name, const std::exception_ptr& error) const;
  std::int64_t now() const { return coarse.load(std::memory_order_relaxed); }

  boost::asio::any_io_executor executor;
  Clock& clock;
  log::Logger logger;
  Options options;
  Application& application;
  boost::asio::ip::tcp::acceptor acceptor;
  std::uint16_t port = 0;
  std::atomic<std::int64_t> coarse{
      0};  // monotonic time of the last sweep: what time limits are measured with
  std::atomic<std::int64_t> second{0};  // the same of the calendar, for the Date field
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> buffered{0};
  // Of new connections; null: plain.
  std::shared_ptr<const tls::Identity> identity() {
    const std::lock_guard lock(mutex);
    return options.tls;
  }

  std::mutex mutex;  // of what follows, and of options.tls
  std::unordered_set<Link*> connections;
  std::shared_ptr<DrainWait> waiter;
  TaskScope scope;
};

}  // namespace patchbay::web
