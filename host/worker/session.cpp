#include "session.hpp"

#include <unistd.h>

#include <cstdio>

namespace patchbay::worker {

namespace asio = boost::asio;
using port::wire::Frame;
using port::wire::Kind;

namespace {

constexpr int kGarbage = 3;
constexpr port::InFlight kNoLimit{1u << 20, 1u << 20};  // the host keeps them

void say(const std::string& text) {
  std::fprintf(stderr, "patchbay-worker: %s\n", text.c_str());
}

[[noreturn]] void leave(const std::string& reason) {
  if (reason.empty()) ::_exit(0);
  say("the host " + reason);
  ::_exit(kGarbage);
}

void task_failed(const std::string& name, std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    say(name + ": " + e.what());
  }
}

}  // namespace

Session::Session(asio::any_io_executor wire, asio::any_io_executor plugin, Clock& clock, int socket)
    : wire_executor_(std::move(wire)),
      plugin_executor_(std::move(plugin)),
      clock_(clock),
      tasks_(plugin_executor_, task_failed),
      wire_(std::make_shared<port::Connection>(wire_executor_, clock_, socket,
                                               port::Connection::Descriptors::taken)) {}

void Session::listen() {
  wire_->start([self = shared_from_this()](Frame frame) { self->on_frame(std::move(frame)); }, leave);
}

void Session::start(const Order& order) {
  listen();
  try {
    port::Expected expected(order.id, order.version, order.sdk);
    expected.blocking = order.blocking;
    port::LocalOptions options(order.library, std::move(expected), plugin_executor_, clock_);
    options.notices = wire_executor_;
    options.in_flight = kNoLimit;
    options.shared_process = false;
    port_ = port::open_local(std::move(options));
  } catch (const Error& error) {
    return say_bye(error);
  }
  wire_->send(port::wire::hello_frame(port_->hello()));
}

void Session::refuse(const Error& error) {
  listen();
  say_bye(error);
}

void Session::say_bye(const Error& error) {
  wire_->send(Frame(Kind::bye, 0, 0, port::wire::error_head(error)));
  wire_->close();
}

void Session::on_frame(Frame frame) {
  switch (frame.kind) {
    case Kind::welcome:
      port::wire::read_welcome(frame);
      return;
    case Kind::ping:
      return wire_->send(Frame(Kind::pong, 0, frame.id));
    case Kind::open:
      return open(frame.instance, port::wire::read_plugin(frame));
    case Kind::close:
      return close(frame.instance);
    case Kind::call:
      return call(std::move(frame));
    case Kind::cancel:
      return cancel(frame.id);
    case Kind::reply:
      return reply(std::move(frame));
    case Kind::bye:
      leave({});
    default:
      throw port::wire::Broken("a kind of frame that only a worker sends");
  }
}

void Session::open(std::uint32_t number, std::string plugin_id) {
  tasks_.spawn("open", open_one(number, std::move(plugin_id)));
}

asio::awaitable<void> Session::open_one(std::uint32_t number, std::string plugin_id) {
  auto upstream = std::make_shared<Upstream>(wire_, number);
  std::string head = "{}";
  {
    const std::lock_guard lock(mutex_);
    upstreams_[number] = upstream;
  }
  try {
    auto opening = port_->open(std::move(plugin_id), std::move(upstream));
    auto opened = co_await std::move(opening);
    const std::lock_guard lock(mutex_);
    instances_[number] = std::move(opened);
  } catch (const Error& error) {
    head = port::wire::error_head(error);
  } catch (const std::exception& error) {
    head = port::wire::error_head(Error(Code::internal, Text::verbatim(error.what())));
  }
  wire_->send(Frame(Kind::opened, number, 0, std::move(head)));
}

void Session::call(Frame frame) {
  const auto id = frame.id;
  const auto instance_number = frame.instance;
  std::shared_ptr<port::Instance> instance;
  {
    const std::lock_guard lock(mutex_);
    const auto found = instances_.find(instance_number);
    if (found != instances_.end()) instance = found->second;
    if (instance && !open_.emplace(id, Open{instance, 0}).second)
      throw port::wire::Broken("two calls with one number");
  }
  if (!instance) {  // it was closed while the call was under way
    auto result = port::failure(Code::unavailable, Text("port.instance_closed"));
    auto head = port::wire::result_head(result);
    return wire_->send(Frame(Kind::answer, instance_number, id, std::move(head), std::move(result.message)));
  }
  auto done = [self = shared_from_this(), id, instance_number](port::Result result) {
    {
      const std::lock_guard lock(self->mutex_);
      self->open_.erase(id);
    }
    auto head = port::wire::result_head(result);
    self->wire_->send(Frame(Kind::answer, instance_number, id, std::move(head), std::move(result.message)));
  };
  const auto number = instance->begin(port::wire::read_call(std::move(frame)), std::move(done));
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(id);
  if (found != open_.end()) found->second.number = number;
}

void Session::cancel(std::uint64_t id) {
  Open open;
  {
    const std::lock_guard lock(mutex_);
    const auto found = open_.find(id);
    if (found == open_.end()) return;
    open = found->second;
  }
  open.instance->cancel(open.number);
}

void Session::reply(Frame frame) {
  std::shared_ptr<Upstream> upstream;
  {
    const std::lock_guard lock(mutex_);
    const auto found = upstreams_.find(frame.instance);
    if (found == upstreams_.end()) return;
    upstream = found->second;
  }
  upstream->take_reply(std::move(frame));
}

void Session::close(std::uint32_t number) {
  std::shared_ptr<port::Instance> instance;
  {
    const std::lock_guard lock(mutex_);
    const auto found = instances_.find(number);
    if (found == instances_.end()) throw port::wire::Broken("close names an instance that is not open");
    instance = std::move(found->second);
    instances_.erase(found);
  }
  tasks_.spawn("close", close_one(number, std::move(instance)));
}

asio::awaitable<void> Session::close_one(std::uint32_t number, std::shared_ptr<port::Instance> instance) {
  auto closed = instance->close();
  co_await std::move(closed);
  {
    const std::lock_guard lock(mutex_);
    upstreams_.erase(number);
  }
  wire_->send(Frame(Kind::closed, number, 0));
}

}  // namespace patchbay::worker
