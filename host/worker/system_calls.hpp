#pragma once

namespace patchbay::worker {

// Lets the kernel run what is on the list and refuse the rest, for this thread and all that it will start. A
// refused call answers EPERM and is said in one line on descriptor 2. False where the kernel has no filters;
// throws std::system_error when one cannot be installed.
bool filter_system_calls();

}  // namespace patchbay::worker
