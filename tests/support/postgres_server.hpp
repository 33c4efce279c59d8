#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "support/temp_folder.hpp"

namespace patchbay::support {

// A private PostgreSQL on a socket in a temporary folder; dies with the test. When the test runs as root, it
// runs as the user `postgres`.
class PostgresServer {
 public:
  // `options` join the command line: {"-c", "fsync=on"}. Unit tests leave fsync off.
  explicit PostgresServer(std::vector<std::string> options = {"-c", "fsync=off", "-c",
                                                              "full_page_writes=off"});
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The one that this process shares, started at first use and stopped at exit.
  static PostgresServer& shared();

  std::string url(const std::string& database) const;
  // Statements outside of any transaction, as superuser.
  void command(const std::string& database, const std::string& sql) const;

  void start();
  // SIGINT by default: ends all connections at once. SIGKILL is a crash.
  void stop(int signal);
  void stop();
  pid_t pid() const { return pid_; }

 private:
  void wait_until_ready() const;

  std::vector<std::string> options_;
  TempFolder folder_;
  pid_t pid_ = -1;
};

}  // namespace patchbay::support
