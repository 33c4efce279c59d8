#include "domain/records/contacts.hpp"

#include <future>

#include "unit/domain/records_world.hpp"

namespace patchbay::domain::records {
namespace {

using nlohmann::json;

class ContactsTest : public RecordsWorld {
 protected:
  static Identity client(const std::string& id, std::vector<std::string> phones = {},
                         std::vector<std::string> emails = {}) {
    Identity who;
    who.plugin = "shop";
    who.external_id = id;
    who.phones = std::move(phones);
    who.emails = std::move(emails);
    return who;
  }
  Id meet(const Identity& who, const std::string& name) {
    return store->write_now(
        [&](store::Session& session) { return contacts.find_or_create(session, who, name, machine.author); });
  }
  std::optional<Id> find(const Identity& who) {
    return store->write_now([&](store::Session& session) { return contacts.find(session, who); });
  }
  Record read(Id id) { return wait(records.get("contact", id, person)).record; }
};

PB_ON_BOTH_DATABASES(ContactsTest);

TEST_P(ContactsTest, a_client_is_known_by_the_channel_then_by_telephone_then_by_mail) {  // CHAT-15
  tools.home = [] { return Dialling("7", "8"); };
  const auto ana = add("contact", {{"name", "Ana"}, {"phones", {"8 912 345-67-89"}}}).id;
  const auto ben = add("contact", {{"name", "Ben"}, {"emails", {"Ben@example.com"}}}).id;
  EXPECT_FALSE(find(client("1")));
  EXPECT_EQ(find(client("1", {"+79123456789"}, {"ben@example.com"})), ana);
  EXPECT_EQ(find(client("1", {"no number"}, {"ben@EXAMPLE.com"})), ben);
  EXPECT_EQ(meet(client("1", {}, {"ben@example.com"}), "Benny"), ben);
  EXPECT_EQ(find(client("1", {"+79123456789"})), ben) << "the channel knows him now";
  EXPECT_EQ(read(ben).fields["name"], "Ben");
}

TEST_P(ContactsTest, a_stranger_becomes_a_contact_once) {  // CHAT-15
  std::vector<std::future<Id>> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(std::async(std::launch::async, [&] {
      return meet(client("9", {"+4930901820", "x"}), "Eva");
    }));
  const auto first = all[0].get();
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_EQ(all[i].get(), first);
  EXPECT_EQ(read(first).fields,
            json({{"name", "Eva"}, {"type", "client"}, {"phones", {{{"value", "+4930901820"}}}}}));
}

TEST_P(ContactsTest, a_stranger_becomes_a_contact_whatever_an_admin_has_hidden) {  // REC-6, CHAT-15
  const auto hide = [&](const char* code) {
    wait(objects.change_object("contact", {{"fields", {{{"code", code}, {"active", false}}}}}, {},
                               "user:root"));
  };
  retire("contact_type", "client");
  EXPECT_EQ(read(meet(client("1"), "Eva")).fields, json({{"name", "Eva"}}));
  hide("type");
  hide("phones");
  EXPECT_EQ(read(meet(client("2", {"+15550001"}), "Ben")).fields, json({{"name", "Ben"}}));
  hide("name");
  EXPECT_EQ(read(meet(client("3"), "Ana")).fields, json::object());
}

TEST_P(ContactsTest, merging_keeps_fills_joins_and_moves_what_refers) {  // CHAT-15
  const auto other = meet(client("2", {"+15550001", "+15550002"}), "Anna");
  const auto kept = add("contact", {{"name", "Ana Lima"}, {"phones", {"+15550001"}}}).id;
  wait(records.change("contact", other, {{"job", "Buyer"}}, {}, machine));
  const auto issue = add("case", {{"name", "broken"}, {"contact", to_string_id(other)}}).id;
  const auto call =
      add("activity", {{"name", "call"}, {"participants", {to_string_id(other), to_string_id(kept)}}}).id;
  store->write_now([&](store::Session& session) { contacts.merge(session, kept, other, person.author); });
  const auto now = read(kept);
  EXPECT_EQ(now.fields["name"], "Ana Lima");
  EXPECT_EQ(now.fields["job"], "Buyer");
  EXPECT_EQ(now.fields["phones"], json({{{"value", "+15550001"}}, {{"value", "+15550002"}}}));
  EXPECT_EQ(read(other).id, kept) << "answers as the kept one";
  EXPECT_EQ(find(client("2")), kept);
  EXPECT_EQ(wait(records.get("case", issue, person)).record.fields["contact"], to_string_id(kept));
  EXPECT_EQ(wait(records.get("activity", call, person)).record.fields["participants"],
            json({to_string_id(kept)}));
  EXPECT_EQ(names(where({{"phones", "+15550002"}})), std::vector<std::string>{"Ana Lima"});
  EXPECT_EQ(wait(records.history("contact", kept, person, 0, 10)).back().action, "merge");
}

TEST_P(ContactsTest, two_who_merge_the_same_at_once_the_other_way_round_merge_once) {
  for (int round = 0; round < 5; ++round) {
    const auto one = add("contact", {{"name", "One"}}).id;
    const auto two = add("contact", {{"name", "Two"}}).id;
    auto other =
        std::async(std::launch::async, [&] { return refusal(records.merge("contact", two, one, person)); });
    const auto mine = refusal(records.merge("contact", one, two, person));
    const auto theirs = other.get();
    EXPECT_NE(mine == "none", theirs == "none") << mine << ", " << theirs;
    EXPECT_EQ(read(one).id, read(two).id);
  }
}

TEST_P(ContactsTest, what_is_linked_while_two_are_merged_is_of_the_kept_one) {
  for (int round = 0; round < 5; ++round) {
    const auto kept = add("contact", {{"name", "Kept"}}).id;
    const auto gone = add("contact", {{"name", "Gone"}}).id;
    auto linking = std::async(std::launch::async, [&] {
      for (int i = 0; i < 5; ++i) add("case", {{"name", "x"}, {"contact", to_string_id(gone)}});
    });
    wait(records.merge("contact", kept, gone, person));
    linking.get();
    EXPECT_EQ(names(where({{"contact", to_string_id(kept)}}), "case").size(), 5U);
  }
}

TEST_P(ContactsTest, a_record_that_was_merged_is_linked_as_the_kept_one) {
  const auto one = add("contact", {{"name", "One"}}).id;
  const auto two = add("contact", {{"name", "Two"}}).id;
  wait(records.merge("contact", one, two, person));
  EXPECT_EQ(add("case", {{"name", "x"}, {"contact", to_string_id(two)}}).fields["contact"],
            to_string_id(one));
  EXPECT_EQ(refusal(records.merge("contact", one, one, person)), "domain.records.cannot_merge");
}

}  // namespace
}  // namespace patchbay::domain::records
