#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "port/limits.hpp"
#include "port/local.hpp"
#include "port/port.hpp"

namespace patchbay::port {

// Starts worker processes, all from one thread that lives as long as this object: a worker dies with the
// thread that started it, not with the process (PR_SET_PDEATHSIG). One per host, destroyed after every port.
// Any thread.
class Spawner {
 public:
  Spawner();
  ~Spawner();
  Spawner(const Spawner&) = delete;
  Spawner& operator=(const Spawner&) = delete;

  // Runs `job`, which does not throw, on that thread.
  void run(std::function<void()> job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What a worker may do, and take (HOST-5, HOST-6).
class Rights {
 public:
  bool sandbox = true;       // files, network and other processes are shut
  std::uint64_t memory = 0;  // bytes resident: one that takes more is killed; 0: no limit
  int cpu_percent = 0;       // of one core: one that takes more all through a window is killed; 0: no limit
  Duration cpu_window{120'000};
};

class RemoteOptions {
 public:
  RemoteOptions(std::filesystem::path worker_, std::filesystem::path library_, Expected expected_,
                boost::asio::any_io_executor executor_, Clock& clock_)
      : worker(std::move(worker_)),
        library(std::move(library_)),
        expected(std::move(expected_)),
        executor(std::move(executor_)),
        clock(clock_) {}

  std::filesystem::path worker;   // the executable patchbay-worker
  std::filesystem::path library;  // absolute
  Expected expected;
  boost::asio::any_io_executor executor;
  Clock& clock;     // outlives the port
  Journal journal;  // may be empty
  InFlight in_flight;
  std::string host_version = "0";  // told to the worker
  Duration start_limit{10'000};    // until the library is open
  Duration ping_every{5'000};
  Duration pong_within{10'000};  // a worker that is silent for so long is killed
  Rights rights;
  std::filesystem::path vmstat = "/proc/vmstat";
};

// Starts a worker and opens the library in it. Throws Error with the same reasons as open_local, or what
// became of the worker. `spawner` outlives the port.
boost::asio::awaitable<std::shared_ptr<Port>> start_remote(Spawner& spawner, RemoteOptions options);

// Whose doing it was that a port could not be opened.
enum class Fault {
  plugin,    // the library is refused, or its worker crashed or hung over it
  machine,   // no process could be started
  accident,  // somebody killed it
};
Fault fault_of(const Error& error);

}  // namespace patchbay::port
