#pragma once

#include <chrono>
#include <new>
#include <thread>

namespace patchbay::hooks {

// For threads that others wait for: the end of memory must not end them.

// False when memory was too short, of which nothing more can be said.
template <class F>
bool as_memory_allows(const F& f) {
  try {
    f();
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

// Again until there is memory.
template <class F>
void insist(const F& f) {
  constexpr std::chrono::milliseconds kPause{10};
  while (!as_memory_allows(f)) std::this_thread::sleep_for(kPause);
}

}  // namespace patchbay::hooks
