#include "domain/processes/processes.hpp"

#include <algorithm>
#include <deque>
#include <future>

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <deque>

#include "base/error.hpp"
#include "domain/calls/signed_call.hpp"
#include "domain/processes/impl/call.hpp"
#include "support/databases.hpp"
#include "support/fake_http.hpp"
#include "support/temp_folder.hpp"

namespace patchbay::domain::processes {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

// Answers as told, in order, then well.
class FakeCaller final : public plugin::Caller {
 public:
  asio::awaitable<port::Result> call(Id integration, port::Call call) override {
    asked.emplace_back(integration, json::parse(call.message.json));
    if (answers.empty()) co_return port::Result(port::Message(R"({"result": {"done": true}})"));
    auto answer = std::move(answers.front());
    answers.pop_front();
    co_return answer;
  }

  std::deque<port::Result> answers;
  std::vector<std::pair<Id, json>> asked;
};

// One host.
class Host {
 public:
  Host(asio::io_context& context, store::Store& store, ManualClock& clock, IdMint& ids, vault::Vault& vault)
      : io(context), http(clock), processes(parts(store, clock, ids, vault)) {
    BuiltIn count;
    count.process.code = "Count";
    count.process.title = {{"en", "Count"}, {"ru", "Count"}};
    count.work = [](store::Session& session, const Run& run) -> json {
      if (run.parameters.contains("fails")) throw Error(Code::conflict, Text::verbatim("as it was told"));
      session.exec(
          "insert into setting_values(code, value, updated_at, updated_by) values (:code, '1', 0, '')",
          {to_string_id(run.id)});
      return {{"counted", true}};
    };
    Parameter fails;
    fails.code = "fails";
    fails.type = "boolean";
    count.process.parameters = {fails};
    processes.add(std::move(count));
  }
  ~Host() { wait(processes.stop()); }

  template <class T>
  T wait(asio::awaitable<T> work) {
    io.restart();
    auto done = asio::co_spawn(io, std::move(work), asio::use_future);
    io.run();
    return done.get();
  }
  void look() { wait(processes.look()); }

  asio::io_context& io;
  support::FakeHttp http;
  FakeCaller caller;
  std::vector<Process> of_plugins;
  Processes processes;

 private:
  Processes::Parts parts(store::Store& store, ManualClock& clock, IdMint& ids, vault::Vault& vault) {
    Processes::Parts out(io.get_executor(), clock, ids, store, log::Logger::none());
    out.vault = &vault;
    out.http = &http;
    out.caller = &caller;
    out.of_plugins = [this] { return of_plugins; };
    out.opened = [] { return std::vector<std::string>{"127.0.0.1:9"}; };
    return out;
  }
};

class ProcessesTest : public ::testing::TestWithParam<support::Database> {
 protected:
  ProcessesTest() {
    made = host.wait(host.processes.create(
        {{"code", "Tell"}, {"title", "Tell"}, {"url", "http://127.0.0.1:9/"}, {"attempts", 3}}, "user:root"));
  }
  processes::Run start(const std::string& code, json parameters = json::object()) {
    const auto run = store->write_now([&](store::Session& session) {
      return host.processes.start_in(session, code, parameters, "user:ana");
    });
    return run;
  }
  processes::Run read(const processes::Run& run) { return host.wait(host.processes.run(run.id)); }
  void connect(Id id, const std::string& state = "active") {
    store->write_now([&](store::Session& session) {
      session.exec(
          "insert into integrations(id, plugin, version, name, settings, state, reason_code, reason_text, "
          "identity, "
          "title, remote_state, visibility, created_at, updated_at) values (:id, 'clerk', '1', '', '{}', "
          ":state, '', "
          "'', '', '', '', '', 0, 0)",
          {id, state});
    });
  }
  void bring_stamp() {
    host.of_plugins = {read_plugin_process({{"code", "Stamp"},
                                            {"title", "Stamp"},
                                            {"attempts", 2},
                                            {"parameters", {{{"code", "Paper"}, {"type", "text"}}}}},
                                           "clerk")};
  }
  std::string refused(const std::string& code, const json& parameters = json::object()) {
    try {
      start(code, parameters);
    } catch (const Error& error) {
      std::string out(error.text().id());
      for (const auto& one : error.diagnostics()) out += " " + one.path;
      return out;
    }
    return "none";
  }
  std::int64_t counted() {
    return store->read_now([](store::Session& session) {
      return session.query_one("select cast(count(*) as bigint) from setting_values")->integer(0);
    });
  }

  asio::io_context io;  // these end after the store, whose threads post to them
  asio::io_context other_io;
  support::TempFolder folder;
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open(8);
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  IdMint ids{clock};
  std::unique_ptr<vault::Vault> vault = vault::Vault::open(*store, folder / "key", clock);
  Host host{io, *store, clock, ids, *vault};
  Host other{other_io, *store, clock, ids, *vault};
  MadeProcess made;
};

PB_ON_BOTH_DATABASES(ProcessesTest);

TEST_P(ProcessesTest, a_call_is_tried_again_later_each_time_and_given_up) {  // REC-3
  const auto run = start("Tell");
  host.http.answer(500);
  host.look();
  EXPECT_EQ(read(run).state, "queued");
  host.look();
  EXPECT_EQ(host.http.seen.size(), 1U) << "not before its time";
  host.http.fail(Code::outcome_unknown);
  clock.advance(1s);
  host.look();
  EXPECT_EQ(read(run).state, "queued");
  host.http.answer(503, R"({"why": "busy"})");
  clock.advance(4s);
  host.look();
  const auto failed = read(run);
  EXPECT_EQ(failed.state, "failed");
  EXPECT_EQ(failed.attempts, 3);
  EXPECT_EQ(failed.result, json({{"why", "busy"}}));
  EXPECT_NE(failed.error.find("503"), std::string::npos);
}

TEST_P(ProcessesTest, a_call_goes_out_signed_by_the_rule_of_the_installation) {  // REC-3
  const auto run = start("Tell");
  host.http.answer(200, "thanks");
  host.look();
  ASSERT_EQ(host.http.seen.size(), 1U);
  const auto& seen = *host.http.seen[0];
  EXPECT_EQ(seen.guard.opened, std::vector<std::string>{"127.0.0.1:9"});
  const auto id = "run_" + to_string_id(run.id);
  const auto wanted = calls::signature({made.secret}, id, 1'795'252'800, seen.request.body);
  const auto signature_sent =
      std::find_if(seen.request.headers.begin(), seen.request.headers.end(),
                   [](const auto& header) { return header.first == "webhook-signature"; });
  ASSERT_NE(signature_sent, seen.request.headers.end());
  EXPECT_EQ(signature_sent->second, wanted);
  EXPECT_EQ(read(run).result, "thanks");
}

TEST_P(ProcessesTest, each_run_is_done_by_one_host) {  // REC-3
  for (int i = 0; i < 20; ++i) {
    start("Count");
    start("Tell");
    host.http.answer(200);
    other.http.answer(200);
  }
  auto theirs = std::async(std::launch::async, [&] { other.look(); });
  host.look();
  theirs.get();
  host.look();
  EXPECT_EQ(host.http.seen.size() + other.http.seen.size(), 20U);
  EXPECT_EQ(counted(), 20);
  RunFilter done;
  done.state = "done";
  EXPECT_EQ(host.wait(host.processes.runs(done, 0, 100)).size(), 40U);
}

TEST_P(ProcessesTest, an_address_that_is_not_called_is_not_taken) {  // REC-3
  const auto refusal = [&](auto work) -> std::string {
    try {
      host.wait(std::move(work));
    } catch (const Error& error) {
      return error.diagnostics().at(0).path + " " + error.diagnostics().at(0).summary.id();
    }
    return "none";
  };
  EXPECT_EQ(
      refusal(host.processes.create({{"code", "In"}, {"title", "x"}, {"url", "https://10.0.0.1/"}}, "x")),
      "/url net.private_address");
  EXPECT_EQ(refusal(host.processes.change("Tell", {{"url", "http://example.com/"}}, {}, "x")),
            "/url net.plain_http_refused");
  EXPECT_EQ(refusal(host.processes.change("Tell", {{"url", "https://example.com/"}}, {}, "x")), "none");
}

TEST_P(ProcessesTest, a_call_that_is_refused_here_is_not_tried_again) {  // REC-3
  const auto run = start("Tell");
  host.http.fail(Code::denied);
  host.look();
  EXPECT_EQ(read(run).state, "failed");
  EXPECT_EQ(read(run).attempts, 1);
}

TEST_P(ProcessesTest, runs_that_ended_long_ago_are_taken_away) {  // REC-3
  const auto waits = start("Tell");
  const auto fails = start("Count", {{"fails", true}});
  const auto counts = start("Count");
  host.http.answer(500);
  host.look();
  const auto sweep = [&](Duration later) {
    return store->write_now(
        [&](store::Session& session) { return Processes::sweep(session, clock.now() + later, 100); });
  };
  EXPECT_EQ(sweep(Processes::kKeep), 0);
  EXPECT_EQ(sweep(Processes::kKeep + 1ms), 2);
  const auto left = host.wait(host.processes.runs(RunFilter(), 0, 10));
  ASSERT_EQ(left.size(), 1U) << "what waits is kept";
  EXPECT_EQ(left[0].id, waits.id);
}

TEST_P(ProcessesTest, runs_are_listed_by_any_of_what_they_are) {  // REC-3
  const auto fails = start("Count", {{"fails", true}});
  const auto counts = start("Count");
  host.look();
  const auto waits = start("Tell");
  const auto listed = [&](const char* process, const char* state, const char* by) {
    RunFilter filter;
    filter.process = process;
    filter.state = state;
    filter.started_by = by;
    std::vector<Id> found;
    for (const auto& run : host.wait(host.processes.runs(filter, 0, 10))) found.push_back(run.id);
    return found;
  };
  using Ids = std::vector<Id>;
  EXPECT_EQ(listed("", "", ""), (Ids{waits.id, counts.id, fails.id}));
  EXPECT_EQ(listed("", "failed", ""), Ids{fails.id});
  EXPECT_EQ(listed("Count", "done", "user:ana"), Ids{counts.id});
  EXPECT_EQ(listed("", "", "user:ana").size(), 3U);
  EXPECT_TRUE(listed("", "failed", "user:ben").empty());
  for (const auto& [where, index] : {std::pair("started_by = 'x'", "process_runs_by"),
                                     std::pair("state = 'failed'", "process_runs_failed")}) {
    if (GetParam() != support::Database::sqlite) continue;
    const auto plan = store->read_now([&, where = where](store::Session& session) {
      return session
          .query_one(std::string("explain query plan select id from process_runs where id < 5 and ") + where +
                     " order by id desc limit 10")
          ->text(3);
    });
    EXPECT_NE(plan.find(index), std::string::npos) << plan;
  }
}

TEST_P(ProcessesTest, what_a_host_took_and_left_is_done_by_another_and_counts_once) {  // REC-3
  const auto run = start("Tell");
  store->write_now([&](store::Session& session) {  // as a host that died
    session.exec(
        "update process_runs set state = 'running', attempts = 1, lease = 1, lease_until = :until where id = "
        ":id",
        {std::int64_t{clock.now().time_since_epoch().count() + 1000}, run.id});
  });
  other.look();
  EXPECT_EQ(read(run).state, "running");
  clock.advance(2s);
  other.http.answer(200);
  other.look();
  EXPECT_EQ(read(run).state, "done");
  EXPECT_EQ(read(run).attempts, 2);
}

TEST_P(ProcessesTest, what_a_built_in_process_throws_undoes_it_and_fails_the_run) {  // REC-3
  const auto run = start("Count", {{"fails", true}});
  host.look();
  EXPECT_EQ(read(run).state, "failed");
  EXPECT_EQ(read(run).error, "as it was told");
  EXPECT_EQ(counted(), 0);
  EXPECT_EQ(host.wait(host.processes.retry(run.id, "user:root")).state, "queued");
}

TEST_P(ProcessesTest, a_start_stands_or_falls_with_the_callers_transaction) {  // REC-3
  EXPECT_THROW(store->write_now([&](store::Session& session) {
    host.processes.start_in(session, "Count", json::object(), "user:ana");
    throw std::runtime_error("given back");
  }),
               std::runtime_error);
  EXPECT_TRUE(host.wait(host.processes.runs(RunFilter(), 0, 10)).empty());
}

TEST_P(ProcessesTest, a_process_with_runs_under_way_stays) {
  start("Tell");
  try {
    host.wait(host.processes.remove("Tell", {}, "user:root"));
    ADD_FAILURE() << "removed";
  } catch (const Error& error) {
    EXPECT_EQ(error.text().id(), "domain.processes.under_way");
  }
  host.http.answer(200);
  host.look();
  host.wait(host.processes.remove("Tell", {}, "user:root"));
  EXPECT_EQ(host.wait(host.processes.list("")).size(), 1U);
}

TEST(ProcessCall, is_judged_by_what_may_pass) {
  for (const int status : {200, 202, 204}) EXPECT_EQ(judge(status), Outcome::done) << status;
  for (const int status : {408, 425, 429, 500, 503}) EXPECT_EQ(judge(status), Outcome::again) << status;
  for (const int status : {301, 400, 401, 404, 410, 422}) EXPECT_EQ(judge(status), Outcome::failed) << status;
}

TEST_P(ProcessesTest, a_plugin_does_what_it_brings_by_an_integration_that_is_connected) {  // REC-3
  bring_stamp();
  EXPECT_EQ(refused("Stamp"), "domain.processes.not_connected");
  connect(5, "draft");
  EXPECT_EQ(refused("Stamp"), "domain.processes.not_connected");
  connect(6);
  const auto run = start("Stamp", {{"Paper", "A4"}});
  host.look();
  const auto done = read(run);
  EXPECT_EQ(done.state, "done");
  EXPECT_EQ(done.result, json({{"done", true}}));
  ASSERT_EQ(host.caller.asked.size(), 1u);
  EXPECT_EQ(host.caller.asked[0].first, 6);
  EXPECT_EQ(host.caller.asked[0].second, json({{"process", "Stamp"},
                                               {"run", to_string_id(run.id)},
                                               {"attempt", 1},
                                               {"parameters", {{"Paper", "A4"}}},
                                               {"started_by", "user:ana"}}));
  connect(7);
  EXPECT_EQ(refused("Stamp"), "domain.refused /parameters/Integration") << "which of the two?";
  EXPECT_EQ(refused("Stamp", {{"Integration", "5"}}), "domain.refused /parameters/Integration");
  start("Stamp", {{"Integration", "7"}});
  host.look();
  EXPECT_EQ(host.caller.asked.back().first, 7);
}

TEST_P(ProcessesTest, what_a_plugin_cannot_do_now_it_is_asked_again) {  // REC-3
  bring_stamp();
  connect(6);
  host.caller.answers.emplace_back(Code::rate_limited, "not so fast", 5s);
  const auto run = start("Stamp");
  host.look();
  EXPECT_EQ(read(run).state, "queued");
  clock.advance(4s);
  host.look();
  EXPECT_EQ(host.caller.asked.size(), 1u) << "as long as it wants";
  host.caller.answers.emplace_back(Code::outcome_unknown, "gone");
  clock.advance(1s);
  host.look();
  EXPECT_EQ(read(run).state, "failed") << "it was to be tried twice";
  EXPECT_EQ(host.caller.asked.back().second.at("run"), to_string_id(run.id));
  host.caller.answers.emplace_back(Code::invalid, "not signed");
  const auto refused_run = start("Stamp");
  host.look();
  EXPECT_EQ(read(refused_run).state, "failed");
  EXPECT_EQ(read(refused_run).attempts, 1);
  EXPECT_EQ(read(refused_run).error, "not signed");
}

TEST_P(ProcessesTest, the_code_of_a_plugin_is_no_admins_and_comes_after_his) {  // REC-3
  bring_stamp();
  const json own = {{"code", "Stamp"}, {"title", "Mine"}, {"url", "http://127.0.0.1:9/"}};
  EXPECT_THROW(host.wait(host.processes.create(own, "user:root")), Error);
  EXPECT_THROW(host.wait(host.processes.change("Stamp", {{"title", "x"}}, {}, "user:root")), Error);
  EXPECT_THROW(host.wait(host.processes.remove("Stamp", {}, "user:root")), Error);
  EXPECT_EQ(host.wait(host.processes.get("Stamp")).plugin, "clerk");
  host.of_plugins.clear();
  host.wait(host.processes.create(own, "user:root"));
  bring_stamp();
  EXPECT_EQ(host.wait(host.processes.get("Stamp")).plugin, "");
  EXPECT_EQ(host.wait(host.processes.list("")).size(), 3u) << "Count, Tell, and one Stamp";
}

}  // namespace
}  // namespace patchbay::domain::processes
