// patchbay-worker: runs the instances of one plugin version. The host starts it with its line on
// descriptor 3.
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "sandbox.hpp"
#include "session.hpp"

namespace {

namespace asio = boost::asio;
using patchbay::worker::Order;

constexpr int kUsage = 64;
constexpr int kWire = 3;

bool set_option(Order& order, std::string_view name, const char* value) {
  if (name == "--id") {
    order.id = value;
  } else if (name == "--version") {
    order.version = value;
  } else if (name == "--sdk") {
    order.sdk = value;
  } else if (name == "--parent") {
    order.parent = std::atoi(value);
  } else if (name == "--memory") {
    order.memory = std::strtoull(value, nullptr, 10);
  } else {
    return false;
  }
  return true;
}

std::optional<Order> read_order(int count, char** words) {
  Order order;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--blocking") {
      order.blocking = true;
    } else if (word == "--no-sandbox") {
      order.sandbox = false;
    } else if (!word.starts_with("--")) {
      order.library = word;
    } else if (++i == count || !set_option(order, word, words[i])) {
      return std::nullopt;
    }
  }
  if (order.id.empty() || !order.library.is_absolute()) return std::nullopt;
  return order;
}

bool is_socket(int descriptor) {
  struct stat what {};
  return ::fstat(descriptor, &what) == 0 && S_ISSOCK(what.st_mode);
}

// The worker ends with the thread of the host that started it.
void live_as_long_as(int parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // it ended before we asked
  ::fcntl(kWire, F_SETFD, FD_CLOEXEC);
  // The host decides when we end: by a frame, by closing the line, or by SIGKILL.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
}

// One heap without a share for every thread, given back early: an idle worker stays under a megabyte.
void keep_memory_small() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 10);
}

// Why it could not; nothing when it did.
std::optional<patchbay::Error> give_up_rights(const Order& order) try {
  if (!order.sandbox) return std::nullopt;
  const auto missing = patchbay::worker::enter_sandbox(order.library, order.memory).missing();
  if (!missing.empty()) std::fprintf(stderr, "patchbay-worker: %s\n", missing.c_str());
  return std::nullopt;
} catch (const std::system_error& error) {
  return patchbay::Error(patchbay::Code::internal,
                         patchbay::Text("port.no_sandbox", {{"reason", error.what()}}));
}

// For `patchbay doctor`: what of the sandbox this machine can give.
int try_sandbox() try {
  const auto holds = patchbay::worker::enter_sandbox("/nonexistent/library", 0);
  std::printf("{\"landlock\":%d,\"system_calls\":%s,\"missing\":\"%s\"}\n", holds.landlock,
              holds.system_calls ? "true" : "false", holds.missing().c_str());
  return 0;
} catch (const std::system_error& error) {
  std::puts(error.what());
  return 1;
}

}  // namespace

int main(int count, char** words) {
  if (count == 2 && std::string_view(words[1]) == "--try-sandbox") return try_sandbox();
  const auto order = read_order(count, words);
  if (!order || !is_socket(kWire)) {
    std::fputs("patchbay-worker is started by patchbay, with the line to it on descriptor 3.\n", stderr);
    return kUsage;
  }
  live_as_long_as(order->parent);
  keep_memory_small();
  const auto refused = give_up_rights(*order);
  asio::io_context wire(1);
  asio::io_context plugin(1);
  patchbay::SystemClock clock;
  const auto wire_work = asio::make_work_guard(wire);
  const auto plugin_work = asio::make_work_guard(plugin);
  const auto session =
      std::make_shared<patchbay::worker::Session>(wire.get_executor(), plugin.get_executor(), clock, kWire);
  std::thread wire_thread([&wire] { wire.run(); });
  if (refused) {
    session->refuse(*refused);
  } else {
    session->start(*order);
  }
  plugin.run();
  ::_exit(0);
}
