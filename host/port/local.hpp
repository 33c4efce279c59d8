#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.hpp"
#include "port/limits.hpp"
#include "port/port.hpp"

namespace patchbay::port {

// What the manifest says about the library that is about to be opened.
class Expected {
 public:
  Expected(std::string id_, std::string version_, std::string sdk_ = {})
      : id(std::move(id_)), version(std::move(version_)), sdk(std::move(sdk_)) {}
  std::string id;
  std::string version;
  std::string sdk;        // empty: any
  bool blocking = false;  // every instance gets a thread of its own
};

class LocalOptions {
 public:
  LocalOptions(std::filesystem::path library_, Expected expected_, boost::asio::any_io_executor executor_,
               Clock& clock_)
      : library(std::move(library_)),
        expected(std::move(expected_)),
        executor(std::move(executor_)),
        notices(executor),
        clock(clock_) {}

  std::filesystem::path library;  // absolute
  Expected expected;
  boost::asio::any_io_executor executor;  // instances get strands on it
  boost::asio::any_io_executor notices;   // tells plugins of cancellations; the same unless set
  Clock& clock;                           // outlives the port
  Journal journal;                        // may be empty
  InFlight in_flight;
  // False only in a worker, whose own C++ runtime is static and exports nothing: any library is safe there.
  bool shared_process = true;
};

// Opens a plugin library in this process; it is never closed again. Throws Error with a reason for its
// author: not a library, no entry symbol, more symbols than that, another C++ runtime, a symbol or library
// that is missing, another ABI major, a descriptor that differs from the manifest. The library's constructors
// run here.
std::shared_ptr<Port> open_local(LocalOptions options);

}  // namespace patchbay::port
