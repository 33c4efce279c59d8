#include <atomic>
#include <future>
#include <random>

#include "domain/chat_router_world.hpp"

namespace patchbay::domain::routing {
namespace {

class ChatRouterHostsTest : public ChatRouterTest {};

PB_ON_BOTH_DATABASES(ChatRouterHostsTest);

// Bar 8, CHAT-10: hosts that work on one database at once, each with its own connections, and people who do
// everything at random. What is promised holds in every snapshot of the database.
TEST_P(ChatRouterHostsTest, several_hosts_keep_every_promise_at_once) {
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
