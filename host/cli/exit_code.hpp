#pragma once

#include <string>

#include "base/error.hpp"

namespace patchbay::cli {

// sysexits.h
enum ExitCode : int {
  kDone = 0,
  kUsage = 64,
  kBadInput = 65,
  kNoInput = 66,
  kUnavailable = 69,
  kInternal = 70,
  kBusy = 75,
  kNotAllowed = 77,
  kConfiguration = 78,
};

int exit_code_of(const Error& error);

// Of the environment, for what is printed.
std::string language();

// Writes the error with its findings and remedies to standard error, in the language of the environment.
void print_error(const Error& error, bool as_json = false);

}  // namespace patchbay::cli
