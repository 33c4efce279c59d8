#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <new>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "faults/full.hpp"

namespace patchbay::faults {

// Operator new of this program may be told to fail; see allocations.cpp.
enum class Whose { this_thread, other_threads };

// While it lives the n-th allocation by operator new throws std::bad_alloc, once. One at a time.
class FailingAllocation {
 public:
  explicit FailingAllocation(int n, Whose whose = Whose::this_thread);
  ~FailingAllocation();
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;
};

bool has_allocation_failed();
// What is allocated now, by operator new and by SQLite.
std::int64_t live_allocations();

// The part of a test in which an allocation fails.
class Fault {
 public:
  explicit Fault(int n) : n_(n) {}

  // Runs `work`; true when it came to its end. What it throws is std::bad_alloc or an Error.
  bool within(const std::function<void()>& work, Whose whose = Whose::this_thread) {
    bool ended = false;
    try {
      const FailingAllocation failing(n_, whose);
      work();
      ended = true;
    } catch (const std::bad_alloc&) {
    } catch (const Error& error) {
      EXPECT_TRUE(has_allocation_failed()) << error.what();
    }
    return ended;
  }

 private:
  const int n_;
};

inline void tell(const char* what, int failures) {
  std::cout << "  " << what << ": " << failures << " allocations failed, 0 crashes, 0 leaks\n";
  EXPECT_GT(failures, 0);
}

// Runs `test` with the first allocation failing, then with the second, until none is left to fail. Nothing
// that it allocates may outlive it. Returns how many failed.
inline int sweep(const std::function<void(Fault&)>& test) {
  const auto run = [&test](int n) {
    Fault fault(n);
    test(fault);
  };
  for (int i = 0; i < 2; ++i) run(0);  // what is made once in a process
  int failures = 0;
  for (int n = 1;; n += is_full() ? 1 : 1 + n / 64) {
    const auto before = live_allocations();
    run(n);
    EXPECT_EQ(live_allocations(), before) << "leaked when allocation " << n << " failed";
    if (!has_allocation_failed()) return failures;
    ++failures;
  }
}

}  // namespace patchbay::faults
