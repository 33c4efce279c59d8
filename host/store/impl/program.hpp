#pragma once

#include <map>
#include <string>
#include <vector>

namespace patchbay::store {

// Runs a program (argv[0] is looked for in PATH) with `environment` beside ours, and waits. Throws
// Error{unavailable} "store.program" with what it said last when it cannot be run or does not end with 0.
// Returns its standard output.
std::string run_program(const std::vector<std::string>& argv,
                        const std::map<std::string, std::string>& environment);

}  // namespace patchbay::store
