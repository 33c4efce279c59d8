#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "domain/records/contacts.hpp"
#include "domain/records/records.hpp"
#include "support/databases.hpp"
#include "support/wait.hpp"

namespace patchbay::domain::records {

using support::wait;

// Records on a fresh database.
class RecordsWorld : public ::testing::TestWithParam<support::Database> {
 protected:
  RecordsWorld() { wait(objects.prepare()); }

  // "code /path /path"
  template <class T>
  static std::string refusal(boost::asio::awaitable<T> work) {
    try {
      wait(std::move(work));
    } catch (const Error& error) {
      return words_of_error(error);
    }
    return "none";
  }
  static std::string words_of_error(const Error& error) {
    std::string out(error.text().id());
    for (const auto& one : error.diagnostics()) out += " " + one.path;
    return out;
  }
  Record add(const std::string& object, nlohmann::json fields) {
    return wait(records.create(object, std::move(fields), person)).record;
  }
  // Such a value is not to be chosen any more.
  void retire(const std::string& lookup, const std::string& value) {
    auto values = to_json(wait(objects.lookup(lookup))).at("values");
    for (auto& one : values) {
      if (one.at("code") == value) one["active"] = false;
    }
    wait(objects.change_lookup(lookup, {{"values", values}}, {}, "user:root"));
  }
  std::vector<std::string> names(const Query& query, const std::string& object = "contact") {
    std::vector<std::string> found;
    for (const auto& one : wait(records.list(object, query, person)).items)
      found.push_back(one.record.fields.value("name", "-"));
    return found;
  }
  static Query where(nlohmann::json filter, std::string order = "name") {
    Query query;
    query.filter = std::move(filter);
    query.order = std::move(order);
    return query;
  }
  void fill() {
    while (wait(objects.fill_some())) {
    }
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open(8);
  ManualClock clock{TimePoint(std::chrono::milliseconds(1'795'252'800'000))};
  IdMint ids{clock};
  Objects objects{*store, clock, ids, log::Logger::none()};
  Tools tools{objects, clock, ids};
  Records records{*store, tools};
  Contacts contacts{records, tools};
  const Asker person{Author("user:ana", Source::person), 1, true};
  const Asker machine{Author("crm", Source::outside), 0, true};
};

}  // namespace patchbay::domain::records
