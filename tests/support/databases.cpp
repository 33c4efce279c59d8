#include "support/databases.hpp"

#include "store/migrate.hpp"
#include "support/postgres_server.hpp"

namespace patchbay::support {

std::string database_name(Database kind) { return kind == Database::sqlite ? "sqlite" : "postgresql"; }

void PrintTo(Database kind, std::ostream* out) { *out << database_name(kind); }

FreshDatabase::FreshDatabase(Database kind) : kind_(kind) {
  if (kind == Database::sqlite) {
    url_ = "sqlite:" + folder_ / "patchbay.db";
    return;
  }
  static int last = 0;
  name_ = "test" + std::to_string(++last);
  auto& server = PostgresServer::shared();
  server.command("postgres", "create database " + name_);
  url_ = server.url(name_);
}

FreshDatabase::~FreshDatabase() {
  if (kind_ == Database::sqlite) return;
  try {
    PostgresServer::shared().command("postgres", "drop database " + name_ + " with (force)");
  } catch (const std::exception&) {
    return;  // a test has stopped the server: its folder goes with it
  }
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
