#pragma once

#include "domain/routing/rule.hpp"

namespace patchbay::domain::routing {

const Rule& broadcast();
const Rule& least_busy();

}  // namespace patchbay::domain::routing
