#pragma once

#include <functional>

#include "config/config.hpp"

namespace patchbay::cli {

// Runs the host until it is told to stop; returns the exit code. Given by the composition root.
using Serve = std::function<int(const config::Config& config)>;

// The whole of main(): reads the arguments, runs one command, returns its exit code (sysexits.h: 0 done, 64
// usage, 65 bad input, 66 no such file, 69 store or host away, 70 internal, 75 busy, 77 not allowed, 78
// configuration or key). Errors go to standard error in the language of LANG.
int run(int argc, char** argv, const Serve& serve);

}  // namespace patchbay::cli
