#include "support/databases.hpp"

#include <vector>

#include "store/migrate.hpp"
#include "support/postgres_server.hpp"

namespace patchbay::support {

std::string database_name(Database kind) {
  return kind == Database::sqlite ? "sqlite" : "postgresql";
}

void PrintTo(Database kind, std::ostream* out) {
  *out << database_name(kind);
}

namespace {

// Databases that tests have left: emptying one is much faster than to drop it and create another.
std::vector<std::string>& free_names() {
  static auto* const names = new std::vector<std::string>();
  return *names;
}

std::string take_name() {
  static int last = 0;
  auto& server = PostgresServer::shared();
  if (free_names().empty()) {
    auto name = "test" + std::to_string(++last);
    server.command("postgres", "create database " + name);
    return name;
  }
  auto name = free_names().back();
  free_names().pop_back();
  server.command(name,
                 "set client_min_messages = warning; select pg_terminate_backend(pid) from pg_stat_activity "
                 "where datname = current_database()"
                 " and pid <> pg_backend_pid(); drop schema public cascade; create schema public");
  return name;
}

}  // namespace

FreshDatabase::FreshDatabase(Database kind) : kind_(kind) {
  if (kind == Database::sqlite) {
    url_ = "sqlite:" + folder_ / "patchbay.db";
    return;
  }
  name_ = take_name();
  url_ = PostgresServer::shared().url(name_);
}

FreshDatabase::~FreshDatabase() {
  if (kind_ == Database::postgresql) free_names().push_back(name_);
}

std::unique_ptr<store::Store> FreshDatabase::open(std::size_t sessions) const {
  auto store = open_empty(sessions);
  store::migrate(*store);
  return store;
}

std::unique_ptr<store::Store> FreshDatabase::open_empty(std::size_t sessions) const {
  store::Store::Options options;
  options.url = url_;
  options.sessions = sessions;
  return store::Store::open(options, log::Logger::none());
}

}  // namespace patchbay::support
