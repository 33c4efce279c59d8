#pragma once

#include <memory>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "store/store.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::support {

// The same tests on both databases:
//
//   class InboxTest : public ::testing::TestWithParam<support::Database> {
//    protected:
//     support::FreshDatabase database{GetParam()};
//     std::unique_ptr<store::Store> store = database.open();   // migrated
//   };
//   PB_ON_BOTH_DATABASES(InboxTest);
//   TEST_P(InboxTest, keeps_what_it_was_given) { ... }
enum class Database { sqlite, postgresql };

std::string database_name(Database kind);
void PrintTo(Database kind, std::ostream* out);

// An empty database of its own: a file in a temporary folder, or a database of the process's PostgreSQL.
class FreshDatabase {
 public:
  explicit FreshDatabase(Database kind);
  ~FreshDatabase();
  FreshDatabase(const FreshDatabase&) = delete;
  FreshDatabase& operator=(const FreshDatabase&) = delete;

  // As the setting store.url.
  const std::string& url() const { return url_; }
  // May be called more than once. `open` also migrates.
  std::unique_ptr<store::Store> open(std::size_t sessions = 2) const;
  std::unique_ptr<store::Store> open_empty(std::size_t sessions = 2) const;

 private:
  Database kind_;
  TempFolder folder_;
  std::string name_;
  std::string url_;
};

}  // namespace patchbay::support

#define PB_ON_BOTH_DATABASES(Suite)                                                                    \
  INSTANTIATE_TEST_SUITE_P(                                                                            \
      On, Suite,                                                                                       \
      ::testing::Values(patchbay::support::Database::sqlite, patchbay::support::Database::postgresql), \
      [](const auto& chosen) { return patchbay::support::database_name(chosen.param); })
