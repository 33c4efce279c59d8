#include "support/postgres_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <thread>

namespace patchbay::support {

namespace {

[[noreturn]] void become(const std::vector<std::string>& words, const std::string& log) {
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out, 1);
  ::dup2(out, 2);
  ::prctl(PR_SET_PDEATHSIG, SIGINT);
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

// PostgreSQL refuses to run as root.
const passwd* server_user() {
  return ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
}

pid_t spawn(const std::vector<std::string>& words, const std::string& log) {
  const auto* user = server_user();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  if (user != nullptr &&
      (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) {
    ::_exit(126);
  }
  become(words, log);
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

}  // namespace

PostgresServer::PostgresServer(std::vector<std::string> options) : options_(std::move(options)) {
  if (const auto* user = server_user();
      user != nullptr && ::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("cannot give " + folder_.path() + " to the user postgres");
  }
  const pid_t pid = spawn({PB_PG_BINDIR "/initdb", "-D", folder_ / "data", "-U", "patchbay", "-A", "trust",
                           "-E", "UTF8", "--locale=C", "--no-sync"},
                          folder_ / "log");
  if (wait_for(pid) != 0) throw std::runtime_error("initdb failed: see " + folder_ / "log");
  start();
}

PostgresServer::~PostgresServer() {
  stop();
}

PostgresServer& PostgresServer::shared() {
  static PostgresServer* const server = [] {
    auto* made = new PostgresServer();
    std::atexit([] { delete &shared(); });
    return made;
  }();
  return *server;
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgresql://patchbay@/" + database + "?host=" + folder_.path();
}

void PostgresServer::command(const std::string& database, const std::string& sql) const {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url(database).c_str()),
                                                                &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return;
  throw std::runtime_error(PQerrorMessage(connection.get()));
}

void PostgresServer::start() {
  std::vector<std::string> words = {PB_PG_BINDIR "/postgres", "-D", folder_ / "data",    "-k",
                                    folder_.path(),           "-c", "listen_addresses=", "-c",
                                    "shared_buffers=16MB"};
  words.insert(words.end(), options_.begin(), options_.end());
  pid_ = spawn(words, folder_ / "log");
  wait_until_ready();
}

void PostgresServer::wait_until_ready() const {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_ || std::chrono::steady_clock::now() > until) {
      throw std::runtime_error("PostgreSQL did not start: see " + folder_ / "log");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void PostgresServer::stop() {
  stop(SIGINT);
}

void PostgresServer::stop(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  wait_for(pid_);
  pid_ = -1;
}

}  // namespace patchbay::support
