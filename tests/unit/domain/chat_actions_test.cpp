// CHAT-18: what operators start in chats.
#include "domain/chat/chat_actions.hpp"

#include <future>

#include "domain/processes/create_case.hpp"
#include "support/fake_http.hpp"
#include "support/temp_folder.hpp"
#include "unit/domain/chat_router_world.hpp"
#include "unit/domain/matching.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;
using routing::kAdmin;
using routing::Person;
using routing::refusal;
using support::wait;

constexpr Id kAllOperators = 1'000'000'002;  // 0025_operators.sql
constexpr Id kCreateCase = 1'000'000'003;    // 0029_chat_actions.sql

class ChatActionsTest : public routing::ChatRouterTest {
 protected:
  ChatActionsTest() {
    processes.add(
        processes::create_case_from_chat(host.tools, host.records, [] { return routing::Terms(); }));
    const auto role = wait(people.roles(0, 10)).at(0).id;
    wait(people.add_member(role, ana.id, kAdmin));
    channel(true, kAllOperators);
  }
  ~ChatActionsTest() override {
    auto stopped = routing::asio::co_spawn(*context, processes.stop(), routing::asio::use_future);
    while (stopped.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      (*context).restart();
      (*context).run_one_for(std::chrono::milliseconds(10));
    }
  }

  void writes(const std::string& client) {
    hooks::Event event;
    event.type = "message.received";
    event.data = json({{"conversation", {{"id", client}, {"kind", "private"}}},
                       {"author", {{"id", client}, {"name", client}}},
                       {"at", to_rfc3339(clock.now())},
                       {"message", {{"id", client}, {"text", "it is broken"}}}})
                     .dump();
    store->write_now([&](store::Session& session) { host.sink.apply(session, {{routing::kShop, &event}}); });
  }
  // One that its operator has.
  Id taken_chat(const std::string& client) {
    writes(client);
    wait(router.accept(chat(client), ana.id, ana.name));
    return chat(client);
  }
  void process(const std::string& code, json parameters) {
    wait(processes.create({{"code", code},
                           {"title", code},
                           {"url", "http://127.0.0.1:9/"},
                           {"parameters", std::move(parameters)}},
                          kAdmin));
  }
  ChatActionChange wanted(const std::string& name, const std::string& code, Id queue = kAllOperators) {
    ChatActionChange change;
    change.name = name;
    change.queue = queue;
    change.process = code;
    return change;
  }
  Id add(const std::string& name, const std::string& code, Id queue = kAllOperators) {
    return wait(actions.create(wanted(name, code, queue), kAdmin)).id;
  }
  processes::Run start(Id in, Id action, const std::string& key = "") {
    return wait(actions.start(in, action, key, ana));
  }
  std::vector<std::string> offered(Id in, const Person& who) {
    std::vector<std::string> names;
    for (const auto& one : wait(actions.for_chat(in, who))) names.push_back(one.name);
    return names;
  }
  std::int64_t runs() {
    return store->read_now([](store::Session& session) {
      return session.query_one("select cast(count(*) as bigint) from process_runs")->integer(0);
    });
  }

  Person person(const std::string& login) { return Person(operator_(login), "user:" + login); }

  const Person ana = person("ana");
  const Person eva = person("eva");  // is no operator
  const Person chief{0, "user:chief", true};
  Matching host{*store, clock, ids};
  support::TempFolder folder;
  std::unique_ptr<vault::Vault> vault = vault::Vault::open(*store, folder / "key", clock);
  support::FakeHttp http{clock};
  support::LentContext context;
  std::vector<processes::Process> of_plugins;
  processes::Processes processes{parts()};
  ChatActions actions{*store, clock, ids, processes};

 private:
  processes::Processes::Parts parts() {
    processes::Processes::Parts out((*context).get_executor(), clock, ids, *store, log::Logger::none());
    out.vault = vault.get();
    out.http = &http;
    out.of_plugins = [this] { return of_plugins; };
    out.opened = [] { return std::vector<std::string>{"127.0.0.1:9"}; };
    return out;
  }
};
PB_ON_BOTH_DATABASES(ChatActionsTest);

TEST_P(ChatActionsTest, a_new_installation_makes_cases_of_chats) {
  const auto id = taken_chat("Tom");
  EXPECT_EQ(offered(id, ana), std::vector<std::string>{"Create case"});
  const auto run = start(id, kCreateCase, "click");
  EXPECT_EQ(start(id, kCreateCase, "click").id, run.id) << "a double click";
  EXPECT_EQ(runs(), 1);
  wait(processes.look());
  const auto done = wait(processes.run(run.id));
  ASSERT_EQ(done.state, "done") << done.error;
  EXPECT_EQ(done.started_by, "user:ana");
  const records::Asker admin{records::Author("x", records::Source::person), 1, true};
  const auto made_case = parse_id(done.result["CaseId"].get<std::string>()).value();
  const auto fields = wait(host.records.get("case", made_case, admin)).record.fields;
  EXPECT_EQ(fields["chat"], to_string_id(id));
  const auto contact = parse_id(fields["contact"].get<std::string>()).value();
  EXPECT_EQ(wait(host.records.get("contact", contact, admin)).record.fields["name"], "Tom");
  EXPECT_EQ(history("Tom"), "opened client; accepted user:ana; action_started user:ana \"Create case\"; ");
  const auto lines = wait(router.history(id, 0, 10));
  EXPECT_EQ(lines.back().subject, run.id);
  EXPECT_EQ(lines.back().state, "in_progress");
}

TEST_P(ChatActionsTest, what_the_chats_plugin_brings_works_on_the_chats_integration) {  // REC-3
  store->write_now([](store::Session& session) {
    session.exec(
        "insert into integrations(id, plugin, version, name, settings, state, reason_code, reason_text, "
        "identity, title, remote_state, visibility, created_at, updated_at) values (6, 'echo', '1', 'Other', "
        "'{}', 'active', '', '', '', '', '', '', 0, 0)");
  });
  of_plugins = {processes::read_plugin_process({{"code", "Stamp"}, {"title", "Stamp"}}, "echo")};
  const auto stamp = add("Stamp it", "Stamp");
  const auto run = start(taken_chat("Tom"), stamp);
  EXPECT_EQ(run.parameters[processes::kIntegration], to_string_id(routing::kShop));
}

TEST_P(ChatActionsTest, two_clicks_at_once_start_one_run) {
  const auto id = taken_chat("Tom");
  std::vector<std::future<Id>> clicks;
  for (int i = 0; i < 4; ++i)
    clicks.push_back(std::async(std::launch::async, [&] { return start(id, kCreateCase, "k").id; }));
  const auto first = clicks[0].get();
  for (std::size_t i = 1; i < clicks.size(); ++i) EXPECT_EQ(clicks[i].get(), first);
  EXPECT_EQ(runs(), 1);
  const auto other = add("Again", "CreateCaseFromChat");
  EXPECT_EQ(refusal(actions.start(id, other, "k", ana)), "domain.chat.action_key_reused");
  EXPECT_NE(start(id, kCreateCase).id, start(id, kCreateCase).id) << "without a key each is one";
}

TEST_P(ChatActionsTest, are_for_operators_of_the_queue_and_for_who_has_the_chat) {
  const auto id = taken_chat("Tom");
  EXPECT_TRUE(offered(id, eva).empty());
  EXPECT_EQ(refusal(actions.start(id, kCreateCase, "", eva)), "domain.chat.action_not_yours");
  EXPECT_EQ(offered(id, chief).size(), 1U);
  wait(router.transfer_to_operator(id, eva.id, ana, ""));
  EXPECT_EQ(offered(id, eva).size(), 1U);
  EXPECT_EQ(refusal(actions.start(id, kCreateCase, "", eva)), "none");
  EXPECT_EQ(offered(id, ana).size(), 1U) << "she serves the queue";
}

TEST_P(ChatActionsTest, are_started_in_open_chats_of_their_queue) {
  const auto sales = queue_of("least_busy", {ana.id});
  const auto there = add("Sell", "CreateCaseFromChat", sales);
  const auto id = taken_chat("Tom");
  EXPECT_EQ(refusal(actions.start(id, there, "", ana)), "domain.chat.action_elsewhere");
  wait(router.transfer_to_queue(id, sales, ana, ""));
  EXPECT_EQ(offered(id, ana), std::vector<std::string>{"Sell"});
  EXPECT_EQ(refusal(actions.start(id, there, "", ana)), "none");
  wait(router.finish(id, chief));
  EXPECT_TRUE(offered(id, ana).empty());
  EXPECT_TRUE(offered(id, chief).empty());
  EXPECT_EQ(refusal(actions.start(id, there, "", ana)), "domain.chat.action_finished");
  EXPECT_EQ(refusal(actions.start(17, there, "", ana)), "domain.chat.no_chat");
  EXPECT_EQ(refusal(actions.start(id, 17, "", ana)), "domain.chat.no_action");
  EXPECT_EQ(runs(), 1);
}

TEST_P(ChatActionsTest, a_process_gets_what_it_takes_of_the_chat) {
  host.creates = false;
  process("Tell", json::array({{{"code", "ChatId"}, {"type", "id"}, {"title", "Chat"}}}));
  process("Call",
          json::array({{{"code", "ContactId"}, {"type", "text"}, {"title", "Contact"}, {"required", true}},
                       {{"code", "Note"}, {"title", "Note"}}}));
  const auto tell = add("Tell", "Tell");
  const auto call = add("Call", "Call");
  const auto id = taken_chat("Tom");
  EXPECT_EQ(start(id, tell).parameters, json({{"ChatId", to_string_id(id)}}));
  EXPECT_EQ(refusal(actions.start(id, call, "", ana)), "domain.chat.action_needs_contact");
  const records::Asker admin{records::Author("x", records::Source::person), 1, true};
  const auto contact = wait(host.client_contacts.make(id, admin, false)).contact.value();
  EXPECT_EQ(start(id, call).parameters, json({{"ContactId", to_string_id(contact)}}));
}

TEST_P(ChatActionsTest, what_no_chat_gives_stands_in_the_way_of_an_action) {
  const json note = {{"code", "Note"}, {"title", "Note"}, {"required", true}};
  process("Needs", json::array({note}));
  EXPECT_EQ(refusal(actions.create(wanted("Needs", "Needs"), kAdmin)), "domain.refused /process");
  process("Tell", json::array());
  const auto tell = add("Tell", "Tell");
  const auto id = taken_chat("Tom");
  wait(processes.change("Tell", {{"active", false}}, {}, kAdmin));
  EXPECT_EQ(refusal(actions.start(id, tell, "", ana)), "domain.processes.not_active");
  wait(processes.change("Tell", {{"active", true}, {"parameters", json::array({note})}}, {}, kAdmin));
  EXPECT_EQ(refusal(actions.start(id, tell, "", ana)), "domain.chat.action_lacks");
  store->write_now([&](store::Session& session) {
    session.exec("update chat_actions set process = 'OfALaterRelease' where id = :id", {tell});
  });
  EXPECT_EQ(refusal(actions.start(id, tell, "", ana)), "domain.chat.action_gone");
  EXPECT_EQ(runs(), 0);
}

TEST_P(ChatActionsTest, say_what_is_wrong_with_them) {
  EXPECT_EQ(refusal(actions.create(wanted(" ", "Nothing", 17), kAdmin)),
            "domain.refused /name /queue /process");
  EXPECT_EQ(refusal(actions.create({}, kAdmin)), "domain.refused /name /queue /process") << "all required";
  EXPECT_EQ(refusal(actions.create(wanted("Create case", "CreateCaseFromChat"), kAdmin)),
            "domain.chat.action_taken");
  ChatActionChange name;
  name.name = "Make a case";
  EXPECT_EQ(wait(actions.change(kCreateCase, name, kAdmin)).name, "Make a case");
  EXPECT_EQ(wait(actions.list(0, 10)).size(), 1U);
  wait(actions.remove(kCreateCase, kAdmin));
  EXPECT_EQ(refusal(actions.get(kCreateCase)), "domain.chat.no_action");
}

TEST_P(ChatActionsTest, a_process_that_one_uses_stays) {
  process("Tell", json::array());
  const auto one = add("Tell it", "Tell");
  const auto two = add("And again", "Tell");
  try {
    wait(processes.remove("Tell", {}, kAdmin));
    ADD_FAILURE() << "removed";
  } catch (const Error& error) {
    EXPECT_NE(error.text().in("en").find("And again, Tell it"), std::string::npos) << error.what();
  }
  wait(actions.remove(one, kAdmin));
  wait(actions.remove(two, kAdmin));
  for (int round = 0; round < 5; ++round) {
    auto adding = std::async(std::launch::async,
                             [&] { return refusal(actions.create(wanted("Tell", "Tell"), kAdmin)); });
    const auto removal = refusal(processes.remove("Tell", {}, kAdmin));
    EXPECT_NE(adding.get() == "none", removal == "none") << "at once";
    if (removal == "none") process("Tell", json::array());
    for (const auto& left : wait(actions.list(kCreateCase, 10))) wait(actions.remove(left.id, kAdmin));
  }
}

TEST_P(ChatActionsTest, a_case_is_made_whatever_an_admin_has_hidden) {  // REC-6
  const auto id = taken_chat("Tom");
  auto fields = json::array();
  for (const auto* code : {"origin", "chat", "contact", "name", "state"})
    fields.push_back({{"code", code}, {"active", false}});
  wait(host.objects.change_object("case", {{"fields", fields}}, {}, kAdmin));
  const auto run = start(id, kCreateCase);
  wait(processes.look());
  EXPECT_EQ(wait(processes.run(run.id)).state, "done") << wait(processes.run(run.id)).error;
}

TEST_P(ChatActionsTest, whoever_makes_a_case_by_himself_reads_the_chat_and_may_change_cases) {  // REC-3
  const auto id = taken_chat("Tom");
  const auto by = [&](Id user, bool reads_all, bool writes, Id in) {
    const records::Author author("user:x", records::Source::person);
    const processes::Starter who(records::Asker(author, user, false), reads_all, writes);
    return refusal(processes.start_run("CreateCaseFromChat", {{"ChatId", to_string_id(in)}}, who));
  };
  EXPECT_EQ(by(eva.id, false, true, id), "domain.chat.no_chat");
  EXPECT_EQ(by(eva.id, false, true, 5), "domain.chat.no_chat") << "the same of one that is none";
  EXPECT_EQ(by(ana.id, false, false, id), "domain.records.may_not_change")
      << "a token that writes no records";
  EXPECT_EQ(by(ana.id, false, true, id), "none") << "has it";
  EXPECT_EQ(by(eva.id, true, true, id), "none") << "reads all chats";
  EXPECT_EQ(by(eva.id, true, true, 5), "domain.chat.no_chat");
  wait(host.objects.change_object("case", {{"writers", {to_string_id(eva.id)}}}, {}, kAdmin));
  EXPECT_EQ(by(ana.id, false, true, id), "domain.records.may_not_change");
  EXPECT_EQ(by(ana.id, false, true, 5), "domain.records.may_not_change") << "which tells of no chat";
  EXPECT_EQ(runs(), 2);
  start(id, kCreateCase);
  EXPECT_EQ(runs(), 3) << "an action is for the operators of its queue, whatever they may besides";
}

TEST_P(ChatActionsTest, go_with_their_queue) {
  const auto sales = queue_of("least_busy", {});
  add("Sell", "CreateCaseFromChat", sales);
  wait(queues.remove(sales, kAdmin));
  EXPECT_EQ(wait(actions.list(0, 10)).size(), 1U);
}

}  // namespace
}  // namespace patchbay::domain::chat
