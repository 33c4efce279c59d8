// What a new installation has for chats (CHAT-1).
#include <future>

#include "store/migrate.hpp"
#include "unit/domain/chat_router_world.hpp"

namespace patchbay::domain::routing {
namespace {

constexpr std::size_t kMany = 100;

class OperatorsTest : public ChatRouterTest {
 protected:
  access::Role operators() {
    const auto roles = wait(people.roles(0, kMany));
    EXPECT_EQ(roles.size(), 1U);
    return roles.at(0);
  }
};
PB_ON_BOTH_DATABASES(OperatorsTest);

TEST_P(OperatorsTest, a_new_installation_has_a_queue_of_all_operators) {  // CHAT-1
  const auto all = wait(queues.list(0, kMany));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].name, "All operators");
  EXPECT_EQ(all[0].rule, "broadcast");
  EXPECT_FALSE(all[0].idle_minutes);
  EXPECT_GT(all[0].created_at, 1'700'000'000'000);
  EXPECT_EQ(operators().name, "Operators");
  EXPECT_EQ(all[0].operators, std::vector<Id>{operators().id});
}

TEST_P(OperatorsTest, whoever_is_in_the_role_or_below_is_offered_its_chats) {  // CHAT-1, CHAT-2
  const auto ana = operator_("ana");
  const auto ben = operator_("ben");
  const auto eva = operator_("eva");
  access::RoleChange night;
  night.name = "Night shift";
  night.parent = operators().id;
  const auto below = wait(people.create_role(night, kAdmin));
  wait(people.add_member(*night.parent, ana, kAdmin));
  wait(people.add_member(below.id, ben, kAdmin));
  channel(true, wait(queues.list(0, kMany)).at(0).id);
  write("c");
  for (const auto who : {ana, ben}) EXPECT_EQ(wait(router.desk(who)).offered.size(), 1U);
  EXPECT_TRUE(wait(router.desk(eva)).offered.empty()) << "she is no operator";
}

TEST_P(OperatorsTest, what_was_removed_does_not_come_back) {  // CHAT-1
  wait(queues.remove(wait(queues.list(0, kMany)).at(0).id, kAdmin));
  store::migrate(*database.open());
  EXPECT_TRUE(wait(queues.list(0, kMany)).empty());
}

TEST_P(OperatorsTest, hosts_that_start_at_once_make_one) {  // CHAT-1
  const support::FreshDatabase fresh(GetParam());
  std::vector<std::unique_ptr<store::Store>> hosts;
  for (int i = 0; i < 3; ++i) hosts.push_back(fresh.open_empty());
  std::vector<std::future<void>> starts;
  for (const auto& host : hosts)
    starts.push_back(std::async(std::launch::async, [&host] { store::migrate(*host); }));
  for (auto& start : starts) start.get();
  Queues there(*hosts.front(), clock, ids, [] {});
  EXPECT_EQ(wait(there.list(0, kMany)).size(), 1U);
}

}  // namespace
}  // namespace patchbay::domain::routing
