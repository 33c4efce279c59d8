#include "web/http_server.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/error.hpp"
#include "web/impl/server_state.hpp"

namespace patchbay::web {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kRefusedAtOnce =
    64;  // connections over the limit that are told so before they are closed

// Keeps the connection while it is served.
asio::awaitable<void> serve(std::shared_ptr<Link> link) {
  co_await link->run();
}

}  // namespace

void HttpServer::State::listen() {
  error_code error;
  if (options.inherited >= 0) return adopt();
  const auto address = asio::ip::make_address(options.address, error);
  const tcp::endpoint endpoint(address, options.port);
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (!error) return;
  const std::string where = options.address + ":" + std::to_string(options.port);
  throw Error(Code::unavailable,
              Text("web.cannot_listen", {{"address", where}, {"reason", error.message()}}));
}

void HttpServer::State::adopt() {
  int family = 0;
  socklen_t size = sizeof family;
  error_code error;
  if (::getsockopt(options.inherited, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0)
    error.assign(errno, boost::system::system_category());
  if (!error) acceptor.assign(family == AF_INET6 ? tcp::v6() : tcp::v4(), options.inherited, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (!error) return;
  throw Error(Code::unavailable,
              Text("web.cannot_listen", {{"address", "LISTEN_FDS"}, {"reason", error.message()}}));
}

asio::awaitable<void> HttpServer::State::accept_loop() {
  while (!stopping) {
    const asio::any_io_executor strand = asio::make_strand(executor);
    auto [error, socket] = co_await acceptor.async_accept(strand, kToken);
    if (!error) {
      admit(std::move(socket));
    } else if (!stopping) {
      // Out of descriptors, most of the time: the clients wait in the backlog.
      logger.error("cannot accept a connection", {{"error", error.message()}});
      co_await clock.sleep(Duration(200));
    }
  }
}

void HttpServer::State::admit(tcp::socket socket) {
  std::size_t count = 0;
  {
    const std::lock_guard lock(mutex);
    count = connections.size();
  }
  if (count >= options.max_connections + kRefusedAtOnce) return;
  const auto strand = socket.get_executor();
  auto connection = make_connection(shared_from_this(), std::move(socket), count >= options.max_connections);
  scope.spawn_on(strand, "web.connection", serve(std::move(connection)));
}

asio::awaitable<void> HttpServer::State::sweep_loop() {
  const auto shortest = std::min({options.header_timeout, options.idle_timeout, options.transfer_timeout});
  const auto interval = std::clamp(shortest / 8, Duration{10}, Duration{500});
  while (true) {
    co_await clock.sleep(interval);
    sweep();
  }
}

void HttpServer::State::sweep() {
  coarse = clock.monotonic().count();
  second = std::chrono::floor<std::chrono::seconds>(clock.now()).time_since_epoch().count();
  for (auto& connection : all()) {
    if (!connection->expired(now())) continue;
    asio::post(connection->executor(), [connection, time = now()] {
      if (connection->expired(time)) connection->cut();
    });
  }
}

void HttpServer::State::enter(Link* link) {
  const std::lock_guard lock(mutex);
  connections.insert(link);
}

void HttpServer::State::leave(Link* link) {
  std::shared_ptr<DrainWait> ready;
  {
    const std::lock_guard lock(mutex);
    connections.erase(link);
    if (connections.empty()) ready = waiter;
  }
  if (ready) ready->fire(executor);
}

std::vector<std::shared_ptr<Link>> HttpServer::State::all() {
  std::vector<std::shared_ptr<Link>> out;
  const std::lock_guard lock(mutex);
  out.reserve(connections.size());
  for (auto* link : connections) {
    if (auto alive = link->weak_from_this().lock()) out.push_back(std::move(alive));
  }
  return out;
}

asio::awaitable<void> HttpServer::State::drained(Duration bound) {
  auto start = [self = shared_from_this(), bound](auto handler) {
    auto wait = std::make_shared<DrainWait>(asio::any_completion_handler<void()>(std::move(handler)));
    wait->timer = self->clock.after(self->executor, bound, [wait = std::weak_ptr(wait), self] {
      if (const auto alive = wait.lock()) alive->fire(self->executor);
    });
    bool empty = false;
    {
      const std::lock_guard lock(self->mutex);
      self->waiter = wait;
      empty = self->connections.empty();
    }
    if (empty) wait->fire(self->executor);
  };
  auto waiting =
      asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(start), asio::use_awaitable);
  co_await std::move(waiting);
  const std::lock_guard lock(mutex);
  waiter.reset();
}

void HttpServer::State::report(const std::string& name, const std::exception_ptr& error) const {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    logger.error("a connection failed", {{"task", name}, {"error", e.what()}});
  } catch (...) {
    logger.error("a connection failed", {{"task", name}});
  }
}

HttpServer::HttpServer(asio::any_io_executor executor, Clock& clock, log::Logger logger, Options options,
                       Application& application)
    : state_(std::make_shared<State>(std::move(executor), clock, std::move(logger), std::move(options),
                                     application)) {}

HttpServer::~HttpServer() = default;

void HttpServer::bind() {
  state_->listen();
}

void HttpServer::start() {
  if (!state_->acceptor.is_open()) bind();
  state_->sweep();
  state_->scope.spawn_on(state_->acceptor.get_executor(), "web.accept", state_->accept_loop());
  state_->scope.spawn("web.sweep", state_->sweep_loop());
}

void HttpServer::show(std::shared_ptr<const tls::Identity> identity) {
  const std::lock_guard lock(state_->mutex);
  state_->options.tls = std::move(identity);
}

std::uint16_t HttpServer::port() const {
  return state_->port;
}

std::size_t HttpServer::connections() const {
  const std::lock_guard lock(state_->mutex);
  return state_->connections.size();
}

asio::awaitable<void> HttpServer::stop(Duration bound) {
  const auto state = state_;
  state->stopping = true;
  asio::post(state->acceptor.get_executor(), [state] {
    error_code ignored;
    state->acceptor.close(ignored);
  });
  for (auto& connection : state->all()) {
    asio::post(connection->executor(), [connection] { connection->drain(); });
  }
  co_await state->drained(bound);
  co_await state->scope.stop();
}

}  // namespace patchbay::web
