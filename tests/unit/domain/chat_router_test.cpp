#include "domain/routing/router.hpp"

#include <atomic>
#include <future>
#include <random>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/access/access.hpp"
#include "domain/chat/chat_sink.hpp"
#include "domain/routing/queues.hpp"
#include "support/databases.hpp"

namespace patchbay::domain::routing {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* kAdmin = "test";
constexpr Id kShop = 7;

template <class T>
T wait(asio::awaitable<T> work) {
  asio::io_context io;
  auto done = asio::co_spawn(io, std::move(work), asio::use_future);
  io.run();
  return done.get();
}

// "none", or the id of the words with which it was refused.
template <class T>
std::string refusal(asio::awaitable<T> work) {
  try {
    wait(std::move(work));
  } catch (const Error& error) {
    std::string out(error.text().id());
    for (const auto& one : error.diagnostics()) out += " " + one.path;
    return out;
  }
  return "none";
}

class ChatRouterTest : public ::testing::TestWithParam<support::Database> {
 protected:
  ChatRouterTest() {
    store->write_now([](store::Session& session) {
      session.exec(
          "insert into integrations(id, plugin, version, name, settings, state, reason_code, reason_text, "
          "identity, "
          "title, remote_state, visibility, created_at, updated_at) values (7, 'echo', '1', 'Shop', '{}', "
          "'active', '', "
          "'', '', '', '', '', 0, 0)");
    });
  }

  Id operator_(const std::string& login, bool active = true) {
    access::UserChange wanted;
    wanted.login = login;
    wanted.name = login;
    const auto id = wait(people.create_user(wanted, kAdmin)).id;
    if (active) arrive(id);
    return id;
  }
  void arrive(Id who) {
    wait(router.be_present(who));
    wait(router.set_available(who, true));
  }
  Id queue_of(const std::string& rule, std::vector<Id> operators, std::int64_t idle_minutes = 0,
              bool keep_open = false) {
    QueueChange wanted;
    wanted.name = rule;
    wanted.rule = rule;
    wanted.operators = std::move(operators);
    wanted.idle_minutes = idle_minutes;
    wanted.keep_open = keep_open;
    return wait(queues.create(wanted, kAdmin)).id;
  }
  void channel(bool active, std::optional<Id> queue = {}) {
    ChannelChange change;
    change.active = active;
    change.queue = queue;
    wait(queues.change_channel(kShop, change, kAdmin));
  }
  void write(const std::string& conversation) {
    clock.advance(1ms);
    hooks::Event event;
    event.type = "message.received";
    event.data = json({{"conversation", {{"id", conversation}, {"kind", "private"}}},
                       {"author", {{"id", conversation}, {"name", "Ana"}}},
                       {"at", to_rfc3339(clock.now())},
                       {"message", {{"id", std::to_string(++last_message)}, {"text", "hello"}}}})
                     .dump();
    store->write_now([&](store::Session& session) { sink.apply(session, {{kShop, &event}}); });
    sink.committed({kShop});
  }
  void answer(const std::string& conversation) {
    store->write_now([&](store::Session& session) {
      session.exec(
          "update chats set last_outgoing_at = :at where conversation = :conversation and state <> "
          "'finished'",
          {clock.now().time_since_epoch().count(), conversation});
    });
  }
  Id chat(const std::string& conversation) {
    return store->read_now([&](store::Session& session) {
      return session
          .query_one("select id from chats where conversation = :conversation order by id desc limit 1",
                     {conversation})
          ->integer(0);
    });
  }
  // "waiting", "assigned ana"
  std::string state(const std::string& conversation) {
    return store->read_now([&](store::Session& session) {
      const auto row = session.query_one(
          "select chats.state, users.login from chats left join users on users.id = chats.operator where "
          "conversation = "
          ":conversation order by chats.id desc limit 1",
          {conversation});
      return row->text(0) + (row->is_null(1) ? "" : " " + row->text(1));
    });
  }
  // Reasons, in order.
  std::string history(const std::string& conversation) {
    return store->read_now([&](store::Session& session) {
      std::string all;
      for (const auto& row :
           session.query("select reason, actor, note from chat_history where chat = :chat order by id",
                         {chat(conversation)}))
        all += row.text(0) + " " + row.text(1) + (row.is_null(2) ? "" : " \"" + row.text(2) + "\"") + "; ";
      return all;
    });
  }
  void look() { wait(router.look()); }
  Terms terms() const { return Terms(); }
  // What `operators.chats` says is what there is.
  void counts_are_right() {
    store->read_now([](store::Session& session) {
      for (const auto& row : session.query("select id, chats, (select cast(count(*) as bigint) from chats "
                                           "where operator = operators.id and state <> "
                                           "'finished') from operators"))
        EXPECT_EQ(row.integer(1), row.integer(2)) << "of operator " << row.integer(0);
    });
  }

  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open(8);
  ManualClock clock{TimePoint(1'795'252'800'000ms)};
  IdMint ids{clock};
  asio::io_context io;
  access::Access people{*store, clock, ids};
  Router router{{io.get_executor(), clock, ids, *store, log::Logger::none()}};
  Queues queues{*store, clock, ids, [] {}};
  chat::ChatSink sink{clock, ids, {}};
  int last_message = 0;
};

PB_ON_BOTH_DATABASES(ChatRouterTest);

TEST_P(ChatRouterTest, a_new_chat_is_offered_to_all_and_the_first_to_accept_has_it) {  // CHAT-3, CHAT-11
  const auto ana = operator_("ana");
  const auto ben = operator_("ben");
  channel(true, queue_of("broadcast", {ana, ben}));
  write("c");
  EXPECT_EQ(state("c"), "waiting");
  ASSERT_EQ(wait(router.desk(ana)).offered.size(), 1U);
  ASSERT_EQ(wait(router.desk(ben)).offered.size(), 1U);
  wait(router.accept(chat("c"), ben, "user:ben"));
  EXPECT_EQ(state("c"), "in_progress ben");
  EXPECT_TRUE(wait(router.desk(ana)).offered.empty());
  EXPECT_EQ(wait(router.desk(ben)).own.size(), 1U);
  EXPECT_EQ(refusal(router.accept(chat("c"), ana, "user:ana")), "domain.routing.taken");
  EXPECT_EQ(refusal(router.accept(chat("c"), ben, "user:ben")), "none") << "once more is none the worse";
  EXPECT_EQ(history("c"), "opened client; accepted user:ben; ");
  counts_are_right();
}

TEST_P(ChatRouterTest, of_many_who_accept_at_once_one_has_it) {  // CHAT-3
  std::vector<Id> all;
  for (int i = 0; i < 8; ++i) all.push_back(operator_("operator-" + std::to_string(i)));
  channel(true, queue_of("broadcast", all));
  for (int round = 0; round < 5; ++round) {
    const auto conversation = std::to_string(round);
    write(conversation);
    const auto id = chat(conversation);
    std::vector<std::future<std::string>> tries;
    for (const auto who : all)
      tries.push_back(
          std::async(std::launch::async, [&, who] { return refusal(router.accept(id, who, "x")); }));
    int won = 0;
    for (auto& one : tries) {
      const auto outcome = one.get();
      won += outcome == "none";
      EXPECT_TRUE(outcome == "none" || outcome == "domain.routing.taken") << outcome;
    }
    EXPECT_EQ(won, 1);
  }
  counts_are_right();
}

TEST_P(ChatRouterTest, chats_go_oldest_first_to_who_is_least_busy) {  // CHAT-4, CHAT-7, CHAT-9
  channel(true, queue_of("least_busy", {operator_("ana"), operator_("ben")}));
  for (int i = 1; i <= 11; ++i) write(std::to_string(i));
  look();
  EXPECT_EQ(state("1"), "assigned ana");
  EXPECT_EQ(state("2"), "assigned ben");
  EXPECT_EQ(state("10"), "assigned ben");
  EXPECT_EQ(state("11"), "waiting") << "both have five";
  counts_are_right();
  const auto ana = wait(router.desk(0)).own;
  EXPECT_TRUE(ana.empty());
}

TEST_P(ChatRouterTest,
       a_missed_chat_goes_to_the_next_and_its_operator_gets_none_until_he_is_back) {  // CHAT-5
  const auto ana = operator_("ana");
  const auto ben = operator_("ben", false);
  channel(true, queue_of("least_busy", {ana, ben}));
  write("1");
  write("2");
  look();
  EXPECT_EQ(state("1"), "assigned ana");
  clock.advance(terms().accept_within - 2ms);
  wait(router.be_present(ana));
  look();
  EXPECT_EQ(state("1"), "assigned ana");
  clock.advance(2ms);
  look();
  EXPECT_EQ(state("1"), "waiting") << "nobody is left";
  EXPECT_EQ(state("2"), "waiting") << "what else he had not accepted";
  EXPECT_FALSE(wait(router.desk(ana)).available);
  arrive(ben);
  look();
  EXPECT_EQ(state("1"), "assigned ben");
  EXPECT_EQ(history("1"), "opened client; distributed host; missed host; distributed host; ");
  counts_are_right();
}

TEST_P(ChatRouterTest, who_is_gone_gives_back_what_he_has_not_accepted) {  // CHAT-6
  const auto ana = operator_("ana");
  channel(true, queue_of("least_busy", {ana}));
  write("1");
  write("2");
  look();
  wait(router.accept(chat("1"), ana, "user:ana"));
  clock.advance(Router::kPresence);
  look();
  EXPECT_EQ(state("1"), "in_progress ana");
  EXPECT_EQ(state("2"), "waiting");
  EXPECT_FALSE(wait(router.desk(ana)).present);
  wait(router.be_present(ana));
  look();
  EXPECT_EQ(state("2"), "assigned ana");
  wait(router.set_available(ana, false));
  EXPECT_EQ(state("2"), "waiting") << "at once";
  wait(router.set_available(ana, true));
  look();
  wait(router.be_absent(ana));
  EXPECT_EQ(state("2"), "waiting");
  counts_are_right();
}

TEST_P(ChatRouterTest, a_silent_chat_is_finished_and_its_client_begins_another) {  // CHAT-8
  const auto ana = operator_("ana");
  channel(true, queue_of("broadcast", {ana}, 10));
  write("c");
  wait(router.accept(chat("c"), ana, "user:ana"));
  answer("c");
  clock.advance(10min - 1ms);
  look();
  EXPECT_EQ(state("c"), "in_progress ana");
  clock.advance(1ms);
  look();
  EXPECT_EQ(state("c"), "finished");
  EXPECT_EQ(history("c"), "opened client; accepted user:ana; timed_out host; ");
  const auto former = chat("c");
  write("c");
  EXPECT_NE(chat("c"), former);
  EXPECT_EQ(state("c"), "waiting");
  counts_are_right();
}

TEST_P(ChatRouterTest, a_queue_can_keep_chats_whose_client_waits) {  // CHAT-8
  const auto ana = operator_("ana");
  channel(true, queue_of("broadcast", {ana}, 10, true));
  write("c");
  wait(router.accept(chat("c"), ana, "user:ana"));
  answer("c");
  write("c");
  clock.advance(24h);
  look();
  EXPECT_EQ(state("c"), "in_progress ana");
  answer("c");
  clock.advance(10min);
  look();
  EXPECT_EQ(state("c"), "finished");
}

TEST_P(ChatRouterTest, chats_are_handed_on_with_a_note) {  // CHAT-16
  const auto ana = operator_("ana");
  const auto ben = operator_("ben");
  const auto first = queue_of("broadcast", {ana});
  const auto second = queue_of("least_busy", {ben});
  channel(true, first);
  write("c");
  const auto id = chat("c");
  wait(router.accept(id, ana, "user:ana"));
  EXPECT_EQ(refusal(router.transfer_to_queue(id, second, Person(ben, "user:ben"), "")),
            "domain.routing.not_yours");
  EXPECT_EQ(refusal(router.transfer_to_queue(id, 1, Person(ana, "user:ana"), "")), "domain.routing.no_queue");
  EXPECT_EQ(refusal(router.transfer_to_operator(id, 1, Person(ana, "user:ana"), "")),
            "domain.routing.no_operator");
  wait(router.transfer_to_queue(id, second, Person(ana, "user:ana"), "speaks Portuguese"));
  look();
  EXPECT_EQ(state("c"), "assigned ben");
  wait(router.transfer_to_operator(id, ana, Person(ben, "user:ben"), "you know her"));
  EXPECT_EQ(state("c"), "assigned ana");
  wait(router.accept(id, ana, "user:ana"));
  wait(router.hand_back(id, Person(ana, "user:ana"), ""));
  EXPECT_EQ(state("c"), "waiting");
  wait(router.finish(id, Person(0, "user:chief", true)));
  EXPECT_EQ(state("c"), "finished");
  EXPECT_EQ(history("c"),
            "opened client; accepted user:ana; transferred user:ana \"speaks Portuguese\"; distributed host; "
            "transferred "
            "user:ben \"you know her\"; accepted user:ana; handed_back user:ana; finished user:chief; ");
  counts_are_right();
}

TEST_P(ChatRouterTest,
       a_channel_that_is_off_keeps_its_chats_and_gives_the_recent_ones_when_it_is_on) {  // CHAT-22
  const auto ana = operator_("ana");
  const auto queue = queue_of("broadcast", {ana});
  write("old");
  clock.advance(24h);
  write("recent");
  arrive(ana);
  EXPECT_EQ(state("recent"), "held");
  EXPECT_TRUE(wait(router.desk(ana)).offered.empty());
  channel(true, queue);
  EXPECT_EQ(state("recent"), "waiting");
  EXPECT_EQ(state("old"), "held") << "is missed";
  write("old");
  EXPECT_EQ(state("old"), "waiting") << "its client is back";
  channel(false);
  write("new");
  EXPECT_EQ(state("new"), "held");
  EXPECT_EQ(state("recent"), "waiting") << "what waits goes on";
}

TEST_P(ChatRouterTest, roles_serve_queues_with_all_below_them) {  // CHAT-2
  access::RoleChange wanted;
  wanted.name = "Support";
  const auto support = wait(people.create_role(wanted, kAdmin)).id;
  wanted.name = "Night shift";
  wanted.parent = support;
  const auto night = wait(people.create_role(wanted, kAdmin)).id;
  const auto ana = operator_("ana");
  channel(true, queue_of("least_busy", {support}));
  write("c");
  look();
  EXPECT_EQ(state("c"), "waiting");
  wait(people.add_member(night, ana, kAdmin));
  look();
  EXPECT_EQ(state("c"), "assigned ana") << "without restart";
}

TEST_P(ChatRouterTest, a_queue_in_use_cannot_be_removed) {  // CHAT-1
  const auto ana = operator_("ana");
  const auto queue = queue_of("broadcast", {ana});
  channel(true, queue);
  EXPECT_EQ(refusal(queues.remove(queue, kAdmin)), "domain.routing.queue_used");
  write("c");
  channel(false);
  EXPECT_EQ(refusal(queues.remove(queue, kAdmin)), "domain.routing.queue_open");
  wait(router.finish(chat("c"), Person(0, "user:chief", true)));
  wait(queues.remove(queue, kAdmin));
  EXPECT_EQ(refusal(queues.get(queue)), "domain.routing.no_queue");
  EXPECT_FALSE(wait(queues.channel(kShop)).queue);
}

TEST_P(ChatRouterTest, what_is_wrong_with_a_queue_is_said_field_by_field) {
  QueueChange wanted;
  wanted.name = " ";
  wanted.rule = "random";
  wanted.idle_minutes = -1;
  wanted.operators = std::vector<Id>{1};
  EXPECT_EQ(refusal(queues.create(wanted, kAdmin)),
            "domain.access.refused /name /rule /idle_minutes /operators/0");
  queue_of("broadcast", {});
  wanted = {};
  wanted.name = "broadcast";
  EXPECT_EQ(refusal(queues.create(wanted, kAdmin)), "domain.routing.queue_taken");
  ChannelChange change;
  change.active = true;
  EXPECT_EQ(refusal(queues.change_channel(kShop, change, kAdmin)), "domain.access.refused /queue");
}

// Bar 8, CHAT-10: hosts that work on one database at once, each with its own connections, and people who do
// everything at random. What is promised holds in every snapshot of the database.
TEST_P(ChatRouterTest, several_hosts_keep_every_promise_at_once) {
  const bool alone = GetParam() == support::Database::sqlite;
  std::vector<Id> all;
  for (int i = 0; i < 6; ++i) all.push_back(operator_("operator-" + std::to_string(i)));
  const auto busy = queue_of("least_busy", {all[0], all[1], all[2], all[3]});
  const auto shout = queue_of("broadcast", {all[2], all[3], all[4], all[5]});
  channel(true, busy);
  std::vector<std::unique_ptr<store::Store>> stores;
  std::vector<std::unique_ptr<Router>> hosts;
  for (int i = 0; i < (alone ? 1 : 4); ++i) {
    if (!alone) stores.push_back(database.open(4));
    hosts.push_back(std::make_unique<Router>(
        Router::Parts(io.get_executor(), clock, ids, alone ? *store : *stores.back(), log::Logger::none())));
  }
  for (int i = 0; i < 30; ++i) write("c" + std::to_string(i));
  const auto chats = store->read_now([](store::Session& session) {
    std::vector<Id> found;
    for (const auto& row : session.query("select id from chats")) found.push_back(row.integer(0));
    return found;
  });
  std::atomic<bool> going = true;
  std::vector<std::future<std::size_t>> people_at_work;
  for (std::size_t i = 0; i < hosts.size() * 2; ++i) {
    people_at_work.push_back(std::async(std::launch::async, [&, i] {
      std::mt19937 random(static_cast<unsigned>(i));
      auto& host = *hosts[i % hosts.size()];
      std::size_t steps = 0;
      for (; going; ++steps) {
        const auto who = all[random() % all.size()];
        const auto id = chats[random() % chats.size()];
        switch (random() % 8) {
          case 0:
            refusal(host.set_available(who, random() % 4 > 0));
            break;
          case 1:
            refusal(host.transfer_to_queue(id, random() % 2 == 0 ? busy : shout,
                                           Person(who, "x", random() % 4 == 0), ""));
            break;
          case 2:
            refusal(host.transfer_to_operator(id, all[random() % all.size()], Person(who, "x"), ""));
            break;
          case 3:
            refusal(host.hand_back(id, Person(who, "x"), ""));
            break;
          case 4:
            wait(host.look());
            break;
          default:
            refusal(host.accept(id, who, "x"));
        }
      }
      return steps;
    }));
  }
  const auto until = std::chrono::steady_clock::now() + 2s;
  while (std::chrono::steady_clock::now() < until && !HasFailure()) {
    store->read_now([&](store::Session& session) {
      for (const auto& row : session.query("select id, chats, (select cast(count(*) as bigint) from chats "
                                           "where operator = operators.id and state in "
                                           "('assigned', 'in_progress')) from operators")) {
        EXPECT_EQ(row.integer(1), row.integer(2)) << "of operator " << row.integer(0);
        EXPECT_LE(row.integer(1), 5) << "over the limit";
      }
      EXPECT_FALSE(
          session.query_one("select id from chats where (operator is null) <> (state in ('waiting', 'held', "
                            "'with_bot', 'finished'))"));
    });
  }
  going = false;
  std::size_t steps = 0;
  for (auto& one : people_at_work) steps += one.get();
  EXPECT_GT(steps, 100U);
  // Everybody is there: after one look nobody who may take one stands beside a chat that waits.
  for (const auto who : all) arrive(who);
  look();
  store->read_now([&](store::Session& session) {
    const auto waits =
        session.query_one("select id from chats where state = 'waiting' and queue = :queue limit 1", {busy});
    if (!waits) return;
    for (int i = 0; i < 4; ++i) {
      const auto row =
          session.query_one("select chats from operators where id = :id", {all[static_cast<std::size_t>(i)]});
      EXPECT_EQ(row->integer(0), 5) << "waits beside somebody free";
    }
  });
  counts_are_right();
  for (const auto id : chats) wait(router.finish(id, Person(0, "user:chief", true)));
  counts_are_right();
}

}  // namespace
}  // namespace patchbay::domain::routing
