#include "app/host.hpp"

#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/impl/modules.hpp"
#include "cli/api_client.hpp"
#include "cli/openings.hpp"
#include "net/http.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

namespace {

// What had been started when a part could not be is ended before the reason is told.
asio::awaitable<void> start(Modules& modules) {
  std::exception_ptr failure;
  try {
    co_await modules.start();
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  co_await modules.stop();
  std::rethrow_exception(failure);
}

// The service manager restarts a host whose event loop stands still.
asio::awaitable<void> pat_watchdog() {
  std::uint64_t limit = 0;  // microseconds
  if (::sd_watchdog_enabled(0, &limit) <= 0) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    ::sd_notify(0, "WATCHDOG=1");
    timer.expires_after(std::chrono::microseconds(limit / 3));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> live(Modules& modules) {
  asio::signal_set signals(modules.io, SIGTERM, SIGINT, SIGHUP);
  co_await start(modules);
  const auto address = cli::listener_url(modules.config.listen_address, modules.server.port());
  std::cout << "ready: " << address << std::endl;
  ::sd_notify(0, "READY=1");
  asio::co_spawn(modules.io, pat_watchdog(), asio::detached);
  modules.logger.info("ready", {{"address", address}});
  while (co_await signals.async_wait(asio::use_awaitable) == SIGHUP) modules.reload();
  signals.remove(SIGHUP);
  std::signal(SIGHUP, SIG_IGN);
  modules.logger.info("stopping");
  ::sd_notify(0, "STOPPING=1");
  // A second signal does not wait for anybody.
  signals.async_wait([](const boost::system::error_code& error, int) {
    if (!error) std::_Exit(128 + SIGTERM);
  });
  co_await modules.stop();
  signals.cancel();
  modules.logger.info("stopped");
}

}  // namespace

int serve(const config::Config& config) {
  cli::require_openings(config);
  std::signal(SIGPIPE, SIG_IGN);
  ::umask(0077);
  std::filesystem::create_directories(config.state_dir);
  net::init();
  log::Redactor redactor;
  const auto logger =
      log::Logger::to_stderr(*log::parse_format(config.log_format), *log::parse_level(config.log_level),
                             redactor, config.log_file.string());
  asio::io_context io(static_cast<int>(config.threads));
  std::exception_ptr failure;
  {
    Modules modules(config, io, logger, redactor);
    asio::co_spawn(io, live(modules), [&](std::exception_ptr error) {
      failure = error;
      io.stop();
    });
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < config.threads; ++i) threads.emplace_back([&io] { io.run(); });
    io.run();
    threads.clear();
  }
  if (failure) std::rethrow_exception(failure);
  return 0;
}

}  // namespace patchbay::app
