// What a list and a change of records cost beside how many there are (REC-2): records_bench [records,
// 1000000]. Fills both databases with contacts, and prints the middle and the slowest of 40 in milliseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "domain/records/records.hpp"
#include "support/databases.hpp"

namespace patchbay::bench {
namespace {

namespace asio = boost::asio;
using domain::records::Asker;
using domain::records::Author;
using domain::records::Objects;
using domain::records::Query;
using domain::records::Records;
using domain::records::Source;
using domain::records::Tools;
using domain::records::Upsert;
using nlohmann::json;
using Ms = std::chrono::duration<double, std::milli>;

constexpr int kTimes = 40;
constexpr std::int64_t kFirst = 1'000'000;  // ids of what is filled in

template <class T>
T wait(asio::awaitable<T> work) {
  asio::io_context io;
  auto done = asio::co_spawn(io, std::move(work), asio::use_future);
  io.run();
  return done.get();
}

// As the editor would write them, by statements of the database: a million calls would take an hour.
class Filling {
 public:
  Filling(store::Session& session, Objects& objects, std::int64_t count)
      : session_(session), object_(objects.require(session, "contact", false)), count_(count) {}

  void run() {
    const bool sqlite = session_.dialect() == store::Dialect::sqlite;
    numbers_ = sqlite ? "(with recursive n(i) as (select 1 union all select i + 1 from n where i < " +
                            std::to_string(count_) + ") select i from n) n"
                      : "(select generate_series(1, " + std::to_string(count_) + ")::bigint as i) n";
    const std::string name = "'name ' || substr('0000000' || cast(i * 7919 % 1000003 as text), -7)";
    const std::string name_pg = "'name ' || lpad(cast(i * 7919 % 1000003 as text), 7, '0')";
    const std::string type = "case i % 4 when 0 then 'partner' else 'client' end";
    const std::string mail = "'m' || cast(i as text) || '@example.com'";
    const auto& by_name = sqlite ? name : name_pg;
    session_.script(
        "insert into records(id, object, state, version, fields, created_at, created_by, updated_at, "
        "updated_by) select " +
        std::to_string(kFirst) + " + i, 'contact', 'live', 1, '{\"name\":\"' || " + by_name +
        " || '\",\"type\":\"' || " + type + " || '\",\"emails\":[{\"value\":\"' || " + mail +
        " || '\"}]}', i, 'bench', i, 'bench' from " + numbers_);
    for (const auto& field : object_->fields) {
      if (!field.is_indexed()) continue;
      const auto value = field.code == "name"     ? by_name
                         : field.code == "type"   ? type
                         : field.code == "emails" ? mail
                                                  : "";
      keys(field.id, value);
    }
    keys(object_->words.id, by_name);
    keys(object_->words.id, "'m' || cast(i as text)");
    keys(object_->words.id, "'example'");
    keys(object_->updated_at.id, "'2026 ' || " + by_name);
    session_.script("analyze records; analyze record_keys");  // as autovacuum does; not of empty tables
  }

 private:
  void keys(Id field, const std::string& value) {
    const bool sqlite = session_.dialect() == store::Dialect::sqlite;
    const std::string empty = sqlite ? "x''" : "''::bytea";
    const auto key = value.empty() ? empty
                     : sqlite      ? "cast(char(1) || (" + value + ") as blob)"
                                   : "'\\x01'::bytea || convert_to(" + value + ", 'UTF8')";
    session_.script("insert into record_keys(field, key, record) select " + std::to_string(field) + ", " +
                    key + ", " + std::to_string(kFirst) + " + i from " + numbers_);
  }

  store::Session& session_;
  const std::shared_ptr<const domain::records::Object> object_;
  const std::int64_t count_;
  std::string numbers_;
};

void show(const char* what, const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < kTimes; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    times.push_back(Ms(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  std::printf("| %s | %.2f | %.2f |\n", what, times[times.size() / 2], times.back());
  std::fflush(stdout);
}

void run(support::Database kind, std::int64_t count) {
  support::FreshDatabase database(kind);
  const auto store = database.open(4);
  SystemClock clock;
  IdMint ids(clock);
  Objects objects(*store, clock, ids, log::Logger::none());
  Tools tools(objects, clock, ids);
  Records records(*store, tools);
  const Asker who(Author("bench", Source::outside), 0, true);
  wait(objects.prepare());
  const auto begin = std::chrono::steady_clock::now();
  store->write_now([&](store::Session& session) { Filling(session, objects, count).run(); });
  std::printf(
      "\n%s, %lld records (filled in %.0f s)\n\n| what | middle, ms | slowest, ms |\n| --- | --- | --- |\n",
      support::database_name(kind).c_str(), static_cast<long long>(count),
      Ms(std::chrono::steady_clock::now() - begin).count() / 1000);
  std::int64_t turn = 0;
  const auto list = [&](json filter, std::string order, std::string search = {}) {
    Query query;
    query.filter = std::move(filter);
    query.order = std::move(order);
    query.search = std::move(search);
    if (wait(records.list("contact", query, who)).items.empty()) throw std::runtime_error("nothing is found");
  };
  show("100 as they come", [&] { list(json::object(), "id"); });
  show("one by e-mail", [&] {
    list({{"emails", "m" + std::to_string(++turn * 37) + "@example.com"}}, "name");
  });
  show("100 of a type that most have, by name", [&] { list({{"type", "client"}}, "name"); });
  show("100 by name, from the middle", [&] { list({{"name", {{"from", "name 0500000"}}}}, "name"); });
  show("100 the last changed", [&] { list(json::object(), "-updated_at"); });
  show("two words of which one is rare",
       [&] { list(json::object(), "", "m" + std::to_string(1000 + ++turn) + " example"); });
  Id made = 0;
  show("add", [&] {
    made = wait(records.create("contact", {{"name", "fresh"}, {"emails", {"f@example.com"}}}, who)).record.id;
  });
  show("change", [&] {
    wait(records.change("contact", made, {{"job", std::to_string(++turn)}, {"name", std::to_string(turn)}},
                        {}, who));
  });
  show("500 that a source brings", [&] {
    std::vector<Upsert> items(500);
    for (auto& item : items) {
      item.external_id = std::to_string(++turn);
      item.fields = {{"name", "up " + item.external_id},
                     {"emails", {"u" + item.external_id + "@example.com"}}};
    }
    wait(records.upsert("contact", "bench", std::move(items), who));
  });
}

}  // namespace
}  // namespace patchbay::bench

int main(int argc, char** argv) try {
  const auto count = argc > 1 ? std::atoll(argv[1]) : 1'000'000;
  for (const auto kind : {patchbay::support::Database::sqlite, patchbay::support::Database::postgresql})
    patchbay::bench::run(kind, count);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "records_bench: %s\n", error.what());
  return 1;
}
