#pragma once

#include <cstdint>
#include <string>

#include "bench/figure.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::bench {

// What a round of load saw.
struct Answers {
  double per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;

  std::string note() const;
};

// wrk with one thread, posting Telegram updates of 700 bytes that are all different and belong to 1,000
// chats.
class Load {
 public:
  Load();

  // Throws when a single request fails. `path` is below 127.0.0.1:port; `header` carries `secret`.
  Answers run(std::uint16_t port, const std::string& path, const std::string& secret,
              const Settings& settings, int seconds);

 private:
  support::TempFolder folder_;
  std::string script_;
  long long first_ = 0;  // update ids are never repeated
};

inline constexpr const char* kSecretHeader = "X-Telegram-Bot-Api-Secret-Token";

// Runs a command and returns what it printed; throws when it fails.
std::string output_of(const std::string& command);

// Milliseconds that the middle one of a hundred writes with fdatasync takes, where the databases of this run
// lie.
double fdatasync_ms();

}  // namespace patchbay::bench
