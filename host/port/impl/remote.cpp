#include "port/remote.hpp"

#include <unistd.h>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "port/impl/gated.hpp"
#include "port/impl/worker_link.hpp"

namespace patchbay::port {

namespace asio = boost::asio;

namespace {

using Told = std::function<void(std::exception_ptr)>;

// Waits for what `begin` starts and says by its argument, on the caller's executor.
asio::awaitable<void> wait_for(std::function<void(Told)> begin) {
  const auto executor = co_await asio::this_coro::executor;
  auto start = [executor, begin = std::move(begin)](auto handler) {
    auto shared =
        std::make_shared<asio::any_completion_handler<void(std::exception_ptr)>>(std::move(handler));
    begin([executor, shared](std::exception_ptr error) {
      asio::post(executor, [shared, error] { std::move (*shared)(error); });
    });
  };
  auto told = asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
      std::move(start), asio::use_awaitable);
  co_await std::move(told);
}

class RemoteInstance final : public GatedInstance {
 public:
  RemoteInstance(std::shared_ptr<WorkerLink> link, std::uint32_t number)
      : GatedInstance(link->clock(), link->window(), number), link_(std::move(link)) {}
  ~RemoteInstance() override {
    link_->close(number(), [] {});
  }

  asio::awaitable<void> close() override {
    refuse_waiting(failure(Code::unavailable, Text("port.instance_closed")));
    auto begin = [link = link_, number = number()](Told told) {
      link->close(number, [told] { told(nullptr); });
    };
    auto closed = wait_for(std::move(begin));
    co_await std::move(closed);
  }

 private:
  void start(std::uint64_t id, Call call, Done done) override {
    link_->call(number(), id, std::move(call), std::move(done));
  }
  void forward_cancel(std::uint64_t id) override { link_->cancel(id); }

  std::shared_ptr<WorkerLink> link_;
};

class RemotePort final : public Port {
 public:
  explicit RemotePort(std::shared_ptr<WorkerLink> link) : link_(std::move(link)) {}
  ~RemotePort() override { link_->abandon(); }

  const Hello& hello() const override { return link_->hello(); }

  asio::awaitable<std::shared_ptr<Instance>> open(std::string plugin_id,
                                                  std::shared_ptr<HostSide> host) override {
    const auto number = link_->next_instance();
    auto begin = [link = link_, number, id = std::move(plugin_id), host = std::move(host)](Told told) {
      link->open(number, id, host, std::move(told));
    };
    auto opened = wait_for(std::move(begin));
    co_await std::move(opened);
    std::shared_ptr<Instance> instance = std::make_shared<RemoteInstance>(link_, number);
    co_return instance;
  }

  void on_death(std::function<void(Death)> told) override { link_->on_death(std::move(told)); }

  bool kill(std::string why) override {
    link_->kill(std::move(why));
    return true;
  }

  int pid() const override { return link_->pid(); }

  asio::awaitable<void> stop(Duration grace) override {
    auto begin = [link = link_, grace](Told told) { link->leave(grace, [told] { told(nullptr); }); };
    auto gone = wait_for(std::move(begin));
    co_await std::move(gone);
  }

 private:
  std::shared_ptr<WorkerLink> link_;
};

std::vector<std::string> command_line(const RemoteOptions& options) {
  std::vector<std::string> words = {options.worker.string(), "--parent", std::to_string(::getpid())};
  words.insert(words.end(), {"--id", options.expected.id, "--version", options.expected.version});
  if (!options.expected.sdk.empty()) words.insert(words.end(), {"--sdk", options.expected.sdk});
  if (options.expected.blocking) words.emplace_back("--blocking");
  if (!options.rights.sandbox) words.emplace_back("--no-sandbox");
  if (options.rights.memory > 0)
    words.insert(words.end(), {"--memory", std::to_string(options.rights.memory)});
  words.push_back(options.library.string());
  return words;
}

}  // namespace

Fault fault_of(const Error& error) {
  if (error.text().id() == "port.worker_killed") return Fault::accident;
  return error.code() == Code::internal ? Fault::machine : Fault::plugin;
}

asio::awaitable<std::shared_ptr<Port>> start_remote(Spawner& spawner, RemoteOptions options) {
  auto child = std::make_shared<Child>();
  auto command = command_line(options);
  auto begin = [&spawner, child, command = std::move(command)](Told told) {
    spawner.run([child, command, told = std::move(told)] {
      std::exception_ptr error;
      try {
        *child = spawn(command);
      } catch (...) {
        error = std::current_exception();
      }
      told(error);
    });
  };
  auto spawned = wait_for(std::move(begin));
  co_await std::move(spawned);
  auto link = std::make_shared<WorkerLink>(std::move(options), std::move(*child));
  // From here on the worker ends with the port, however this coroutine ends.
  std::shared_ptr<Port> port = std::make_shared<RemotePort>(link);
  auto opening = [link](Told told) { link->run(std::move(told)); };
  auto opened = wait_for(std::move(opening));
  co_await std::move(opened);
  co_return port;
}

}  // namespace patchbay::port
