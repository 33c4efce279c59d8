#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace patchbay::worker {

// What of it holds; the kernel may lack parts.
class Sandbox {
 public:
  int landlock = 0;           // version of the kernel's Landlock that is in force; 0: none
  bool system_calls = false;  // the filter is in force

  // What is missing, for people: empty when nothing is.
  std::string missing() const;
};

// Takes from this process what a plugin has no business with (HOST-6), for good and for every thread that it
// will ever have. Called while there is one thread, before the library is opened.
//   - files: it reads the folder of `library` (its own copy), the system's libraries, time zones and
//   authorities; it writes and starts nothing
//     (Landlock; what the filter sees of opening a file for writing, it refuses too)
//   - system calls: an allow-list. What is refused answers EPERM and is said in one line on descriptor 2 (a
//   plugin that closes it is not heard).
//     No sockets, no other processes, no way to trace or signal one.
//   - limits: 16,384 descriptors, no core, no file grows; memory asked for in vain far above `memory` bytes
//   (0: no limit), so
//     that nothing can fill the machine before the host, which looks every few seconds, ends it
// Throws std::system_error when what the kernel offers cannot be had.
Sandbox enter_sandbox(const std::filesystem::path& library, std::uint64_t memory);

}  // namespace patchbay::worker
