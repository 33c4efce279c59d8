#pragma once

#include <vector>

#include "domain/processes/process.hpp"
#include "plugin/catalogue.hpp"

namespace patchbay::domain::processes {

// The processes of plugins that may run here (REC-3); the first of a code counts. One that says the same
// parameter twice is left out.
std::vector<Process> processes_of(const plugin::Catalogue& catalogue);

}  // namespace patchbay::domain::processes
