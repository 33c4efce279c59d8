#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace patchbay::crypto {

// Whether two values are the same, in a time that does not depend on where they differ. That their lengths
// differ shows in the time; for signatures and tokens the length is no secret.
bool equal(std::string_view a, std::string_view b);

// From the kernel's generator (getrandom). Ends the process if the kernel has none to give: nothing safe
// could go on.
std::string random_bytes(std::size_t count);

}  // namespace patchbay::crypto
