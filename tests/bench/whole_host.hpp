#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "bench/figure.hpp"
#include "bench/load.hpp"
#include "support/postgres_server.hpp"

namespace patchbay::bench {

// The executables as they are shipped, with a Telegram bot and an echo channel connected.
class WholeHost {
 public:
  WholeHost(const std::string& store_url, Load& load, const Settings& settings);

  // S4: from the webhook to the stored chat message, everything running at once; against S1.
  Figure messages(double s1_per_second) const;
  // S7: of the host and of its workers, before any load.
  std::vector<Figure> memory() const { return memory_; }

 private:
  std::vector<Figure> memory_;
  double messages_per_second_ = 0;
  std::string note_;
};

// Anonymous memory of a process, in MiB.
double private_memory_mib(pid_t pid);

// S5: what a webhook costs until its message is stored where 1,000,000 messages are, against one where 1,000
// are.
Figure cost_of_growth(const support::PostgresServer& postgres, Load& load, const Settings& settings);

}  // namespace patchbay::bench
