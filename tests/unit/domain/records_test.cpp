#include "domain/records/records.hpp"

#include <algorithm>
#include <future>
#include <set>
#include <thread>

#include "domain/access/access.hpp"
#include "domain/journal/journal.hpp"
#include "domain/records/impl/lister.hpp"
#include "domain/subscriptions/impl/outgoing.hpp"
#include "unit/domain/records_world.hpp"

namespace patchbay::domain::records {
namespace {

using nlohmann::json;
using Names = std::vector<std::string>;

class RecordsTest : public RecordsWorld {};

PB_ON_BOTH_DATABASES(RecordsTest);

TEST_P(RecordsTest, are_made_read_and_changed_with_their_history) {  // REC-1
  const auto made = add("contact", {{"name", " Ana Lima "}, {"emails", {"ana@example.com"}}});
  EXPECT_EQ(made.version, 1);
  const auto changed =
      wait(records.change("contact", made.id, {{"job", "Buyer"}, {"emails", nullptr}}, 1, person));
  EXPECT_EQ(changed.record.version, 2);
  const auto read = wait(records.get("contact", made.id, person)).record;
  EXPECT_EQ(read.fields, json({{"name", "Ana Lima"}, {"job", "Buyer"}}));
  const auto history = wait(records.history("contact", made.id, person, 0, 10));
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].actor, "user:ana");
  EXPECT_EQ(history[0].changes["job"], json({{"old", nullptr}, {"new", "Buyer"}}));
  EXPECT_EQ(history[0].changes["emails"]["old"], json::array({{{"value", "ana@example.com"}}}));
}

TEST_P(RecordsTest, a_change_of_what_is_another_version_by_now_is_refused) {  // REC-2
  const auto made = add("account", {{"name", "Acme"}});
  wait(records.change("account", made.id, {{"web", "acme.example"}}, 1, person));
  EXPECT_EQ(refusal(records.change("account", made.id, {{"web", "x"}}, 1, person)), "domain.records.changed");
  EXPECT_EQ(refusal(records.remove("account", made.id, 1, person)), "domain.records.changed");
  EXPECT_EQ(wait(records.change("account", made.id, {{"web", "acme.example"}}, 2, person)).record.version, 2)
      << "the same again is no change";
}

TEST_P(RecordsTest, what_is_wrong_is_said_field_by_field) {
  EXPECT_EQ(
      refusal(records.create("contact",
                             {{"emails", {"ana@"}},
                              {"phones", {"call me"}},
                              {"birthday", "1.2.2000"},
                              {"type", "nobody"},
                              {"account", "1"},
                              {"nickname", "x"}},
                             person)),
      "domain.refused /fields/nickname /fields/name /fields/phones/0 /fields/emails/0 /fields/birthday");
  EXPECT_EQ(refusal(records.create("contact", {{"name", "x"}, {"type", "nobody"}, {"account", "1"}}, person)),
            "domain.refused /fields/type /fields/account");
  EXPECT_EQ(refusal(records.create("castle", json::object(), person)), "domain.records.no_object");
}

TEST_P(RecordsTest, what_is_required_is_asked_of_a_person_and_of_nobody_else) {  // REC-6
  const auto made = wait(records.create("contact", {{"emails", {"x@example.com"}}}, machine));
  EXPECT_EQ(made.missing, Names{"name"});
  EXPECT_EQ(wait(records.change("contact", made.record.id, {{"job", "Cook"}}, {}, machine)).record.version,
            2);
  EXPECT_EQ(refusal(records.change("contact", made.record.id, {{"job", "Chef"}}, {}, person)),
            "domain.refused /fields/name");
  EXPECT_TRUE(wait(records.change("contact", made.record.id, {{"name", "Eva"}}, {}, person)).missing.empty());
}

TEST_P(RecordsTest, number_themselves_without_gaps) {  // REC-1
  for (int i = 1; i <= 3; ++i)
    EXPECT_EQ(add("invoice", {{"amount", i}}).fields["number"], "Inv-" + std::to_string(i));
  EXPECT_EQ(refusal(records.create("invoice", {{"amount", "ten"}}, person)), "domain.refused /fields/amount");
  EXPECT_THROW(store->write_now([&](store::Session& session) {
    Editor(session, tools).create("invoice", json::object(), person.author);
    throw std::runtime_error("given back");
  }),
               std::runtime_error);
  EXPECT_EQ(refusal(records.create("invoice", {{"number", "Inv-9"}}, person)),
            "domain.refused /fields/number");
  EXPECT_EQ(add("invoice", json::object()).fields["number"], "Inv-4");
}

TEST_P(RecordsTest, numbers_that_come_from_outside_are_passed_over) {  // REC-1, REC-2
  EXPECT_EQ(wait(records.create("invoice", {{"number", "Inv-1"}}, machine)).record.fields["number"], "Inv-1");
  EXPECT_EQ(add("invoice", json::object()).fields["number"], "Inv-2");
  EXPECT_EQ(refusal(records.create("invoice", {{"number", "INV-2"}}, machine)),
            "domain.records.taken /fields/number");
  for (int i = 3; i <= 130; ++i)
    wait(records.create("invoice", {{"number", "Inv-" + std::to_string(i)}}, machine));
  EXPECT_EQ(add("invoice", json::object()).fields["number"], "Inv-131");
  EXPECT_EQ(add("invoice", json::object()).fields["number"], "Inv-132");
}

TEST_P(RecordsTest, many_who_number_at_once_leave_no_gap_and_no_double) {  // REC-1
  constexpr int kWriters = 4;
  constexpr int kEach = 10;
  const auto other = database.open(4);  // another host
  Objects others_objects(*other, clock, ids, log::Logger::none());
  Tools others_tools{others_objects, clock, ids};
  Records others(*other, others_tools);
  std::vector<std::future<void>> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.push_back(std::async(std::launch::async, [&, writer] {
      auto& mine = writer % 2 == 0 ? records : others;
      for (int i = 0; i < kEach; ++i) {
        wait(mine.create("order", {{"amount", i}}, person));
        refusal(mine.create("order", {{"amount", "wrong"}}, person));
      }
    }));
  }
  for (auto& one : writers) one.get();
  std::set<std::string> numbers;
  Query all;
  for (const auto& one : wait(records.list("order", all, person)).items)
    numbers.insert(one.record.fields["number"]);
  ASSERT_EQ(numbers.size(), std::size_t{kWriters * kEach});
  for (int i = 1; i <= kWriters * kEach; ++i) EXPECT_TRUE(numbers.contains("Ord-" + std::to_string(i))) << i;
}

TEST_P(RecordsTest, are_found_by_values_ranges_and_words) {  // REC-2
  const auto acme = add("account", {{"name", "Acme"}});
  add("contact",
      {{"name", "Анна Ёлкина"}, {"emails", {"anna@example.com"}}, {"account", to_string_id(acme.id)}});
  add("contact", {{"name", "Борис Яшин"}, {"phones", {"+7 (912) 345-67-89"}}, {"type", "client"}});
  add("contact",
      {{"name", "Ben Müller"}, {"type", "client"}, {"tags", {{{"value", "VIP"}, {"kind", "personal"}}}}});
  EXPECT_EQ(names(where({{"name", "ben müller"}})), Names{"Ben Müller"});
  EXPECT_EQ(names(where({{"type", "client"}})), (Names{"Ben Müller", "Борис Яшин"}));
  EXPECT_EQ(names(where({{"type", nullptr}})), Names{"Анна Ёлкина"});
  EXPECT_EQ(names(where({{"account", to_string_id(acme.id)}})), Names{"Анна Ёлкина"});
  EXPECT_EQ(names(where({{"emails", {"x@example.com", "ANNA@example.com"}}})), Names{"Анна Ёлкина"});
  EXPECT_EQ(names(where({{"phones", "+79123456789"}})), Names{"Борис Яшин"});
  EXPECT_EQ(names(where({{"name", {{"from", "б"}}}})), Names{"Борис Яшин"});
  EXPECT_EQ(names(where({{"name", {{"starts", "анн"}}}})), Names{"Анна Ёлкина"});
  EXPECT_EQ(names(where({{"tags", "vip"}, {"type", "client"}})), Names{"Ben Müller"});
  Query words;
  words.search = "елк АНН";
  EXPECT_EQ(names(words), Names{"Анна Ёлкина"});
  words.search = "елк борис";
  EXPECT_TRUE(names(words).empty()) << "every word";
  words.search = "shin";
  EXPECT_TRUE(names(words).empty());
  words.search = "3456789 79123";
  EXPECT_TRUE(names(words).empty()) << "from its beginning";
  words.search = "79123";
  EXPECT_EQ(names(words), Names{"Борис Яшин"});
  words.search = "ёлк АНН";
  EXPECT_EQ(names(words), Names{"Анна Ёлкина"});
}

TEST_P(RecordsTest, a_search_has_a_bounded_number_of_words) {  // REC-2
  add("contact", {{"name", "Ana Lima"}});
  Query words;
  for (int i = 0; i < 1'000; ++i) words.search += "ana LIMA ";
  EXPECT_EQ(names(words), Names{"Ana Lima"}) << "each word counts once";
  words.search.clear();
  for (int i = 0; i < 21; ++i) words.search += "w" + std::to_string(i) + " ";
  EXPECT_EQ(refusal(records.list("contact", words, person)), "domain.records.query /search");
}

TEST_P(RecordsTest, a_long_record_is_found_by_its_name) {  // REC-2
  auto long_list = json::array();
  for (int i = 0; i < 100; ++i) {
    std::string words;
    for (int j = 0; j < 9; ++j) words += "a" + std::to_string(i) + "x" + std::to_string(j) + " ";
    long_list.push_back(words);
  }
  add("contact", {{"name", "Zoe Zyx"}, {"other_addresses", long_list}});
  Query words;
  words.search = "zoe zyx";
  EXPECT_EQ(names(words), Names{"Zoe Zyx"});
  words.search = "a0x0 a9x8";
  EXPECT_EQ(names(words), Names{"Zoe Zyx"}) << "and by hundreds of words";
}

TEST_P(RecordsTest, a_default_that_is_not_to_be_chosen_any_more_stops_nothing) {  // REC-6
  retire("case_state", "new");
  EXPECT_FALSE(add("case", {{"name", "x"}}).fields.contains("state"));
  const auto outside = wait(records.create("case", {{"name", "y"}}, machine)).record;
  EXPECT_FALSE(outside.fields.contains("state"));
  EXPECT_EQ(outside.fields["priority"], "medium");
  EXPECT_EQ(refusal(records.create("case", {{"name", "x"}, {"state", "new"}}, machine)),
            "domain.refused /fields/state")
      << "what is asked for is refused";
  wait(objects.change_object("case", {{"fields", {{{"code", "state"}, {"required", true}}}}}, {}, "test"));
  EXPECT_EQ(refusal(records.create("case", {{"name", "x"}}, person)), "domain.refused /fields/state")
      << "a person is asked for what is required";
  EXPECT_EQ(refusal(records.create("case", {{"name", "x"}}, machine)), "none");
}

TEST_P(RecordsTest, what_comes_again_while_it_is_removed_keeps_its_name_elsewhere) {  // REC-2
  const ExternalName name("crm", "1");
  const auto bring = [&] {
    Upsert item;
    item.external_id = name.id;
    item.fields = {{"name", "Ana"}};
    return wait(records.upsert("contact", name.source, {item}, machine)).at(0);
  };
  const auto first = bring().shown->record;
  std::promise<void> removed;
  auto removing = std::async(std::launch::async, [&] {
    store->write_now([&](store::Session& session) {
      Editor editor(session, tools);
      editor.object("contact");
      editor.remove(*editor.hold("contact", first.id), person.author);
      removed.set_value();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    });
  });
  removed.get_future().wait();
  const auto again = bring();
  removing.get();
  EXPECT_EQ(again.outcome, "created");
  const auto found = wait(records.named("contact", name, machine));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->record.id, again.shown->record.id);
}

TEST_P(RecordsTest, what_an_admin_hid_is_neither_in_the_history_nor_told_outside) {  // REC-2, REC-4
  const auto ana = add("contact", {{"name", "Ana"}});
  wait(records.change("contact", ana.id, {{"job", "Buyer"}, {"name", "Ana B."}}, {}, person));
  wait(objects.change_object("contact", {{"fields", {{{"code", "job"}, {"active", false}}}}}, {}, "test"));
  EXPECT_EQ(wait(records.history("contact", ana.id, person, 0, 10)).at(0).changes,
            json({{"name", {{"old", "Ana"}, {"new", "Ana B."}}}}));
  const auto told = store->read_now([&](store::Session& session) {
    journal::Entry entry("record.changed", ana.id);
    entry.object = "contact";
    return json::parse(subscriptions::body_of(session, ids, clock, entry, 0));
  });
  EXPECT_EQ(told["data"]["snapshot"]["fields"], json({{"name", "Ana B."}}));
}

TEST_P(RecordsTest, what_comes_for_another_version_is_refused) {  // REC-2
  const auto bring = [&](std::optional<std::int64_t> version) {
    Upsert item;
    item.external_id = "1";
    item.fields = {{"name", "Ana" + std::to_string(version.value_or(9))}};
    item.version = version;
    return wait(records.upsert("contact", "crm", {item}, machine)).at(0);
  };
  EXPECT_EQ(bring(1).outcome, "refused") << "there is none";
  EXPECT_EQ(bring(0).outcome, "created");
  EXPECT_EQ(bring(0).outcome, "refused");
  EXPECT_EQ(bring(1).outcome, "changed");
  EXPECT_EQ(bring(1).error->text().id(), "domain.records.changed");
  EXPECT_EQ(bring(std::nullopt).outcome, "changed");
  const auto kept = add("contact", {{"name", "Kept"}});
  const auto other = add("contact", {{"name", "Other"}});
  EXPECT_EQ(refusal(records.merge("contact", kept.id, other.id, person, 2)), "domain.records.changed");
  EXPECT_EQ(refusal(records.merge("contact", kept.id, other.id, person, 1)), "none");
}

TEST_P(RecordsTest, sort_as_people_expect) {
  for (const auto* name :
       {"яблоко", "Ель", "ёлка", "еда", "ёж", "йод", "игра", "Абрикос", "zebra", "Äpfel", "Apple"})
    add("account", {{"name", name}});
  EXPECT_EQ(names(where(json::object()), "account"), (Names{"Äpfel", "Apple", "zebra", "Абрикос", "еда", "ёж",
                                                            "ёлка", "Ель", "игра", "йод", "яблоко"}));
  for (const double amount : {10.0, -3.5, 2.0, 0.0, 1e9})
    add("opportunity", {{"name", "x"}, {"amount", amount}});
  std::vector<double> amounts;
  for (const auto& one : wait(records.list("opportunity", where(json::object(), "-amount"), person)).items)
    amounts.push_back(one.record.fields["amount"]);
  EXPECT_EQ(amounts, (std::vector<double>{1e9, 10, 2, 0, -3.5}));
}

TEST_P(RecordsTest, pages_show_each_once_whichever_way_they_are_found) {  // REC-2
  for (int i = 0; i < 23; ++i)
    add("case", {{"name", "c" + std::to_string(i % 5)}, {"priority", i % 2 == 0 ? "low" : "high"}});
  const auto walk = [&](Query query) {
    std::vector<Id> seen;
    query.limit = 4;
    for (;;) {
      const auto page = wait(records.list("case", query, person));
      for (const auto& one : page.items) seen.push_back(one.record.id);
      add("case", {{"name", "a new one"}, {"priority", "medium"}});
      if (page.next.empty()) return seen;
      query.cursor = page.next;
    }
  };
  for (const auto* order : {"name", "-name", "id", "-id", "updated_at"}) {
    auto query = where({{"priority", {"low", "high"}}}, order);
    auto seen = walk(query);
    EXPECT_EQ(seen.size(), 23U) << order;
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(std::unique(seen.begin(), seen.end()), seen.end()) << order;
  }
}

// The same lists from an index and from the few that fit.
TEST_P(RecordsTest, an_index_and_a_few_give_the_same_pages) {  // REC-2
  std::vector<Upsert> items;
  for (int i = 0; i < 450; ++i) {
    auto& item = items.emplace_back();
    item.external_id = std::to_string(i);
    item.fields = {{"name", "n" + std::to_string(i % 7)}, {"priority", i % 3 == 0 ? "low" : "high"}};
  }
  for (int part = 0; part < 5; ++part)
    wait(records.upsert("case", "s" + std::to_string(part), items, machine));
  store->read_now([&](store::Session& session) {
    const auto kind = objects.require(session, "case", false);
    for (const auto* order : {"name", "-name", "id", "-id"}) {
      auto query = where({{"priority", "high"}, {"name", {{"from", "n2"}, {"below", "n5"}}}}, order);
      std::size_t seen = 0;
      std::set<Id> ids_seen;
      std::string last;
      for (;;) {
        const auto page = Lister(session, *kind).list(plan_of(*kind, query, {}), 100);
        for (const auto& hit : page.hits) ids_seen.insert(hit.record.id);
        seen += page.hits.size();
        if (page.next.empty()) break;
        query.cursor = page.next;
      }
      EXPECT_EQ(seen, ids_seen.size()) << order;
      const auto wanted = std::count_if(items.begin(), items.end(), [](const Upsert& one) {
        return one.fields["priority"] == "high" && one.fields["name"] >= "n2" && one.fields["name"] < "n5";
      });
      EXPECT_EQ(seen, static_cast<std::size_t>(wanted) * 5) << order;
    }
  });
}

TEST_P(RecordsTest, what_cannot_be_looked_for_is_said) {
  const auto ask = [&](json filter, std::string order) {
    return refusal(records.list("contact", where(filter, order), person));
  };
  EXPECT_EQ(ask({{"nam", 1}, {"job", "x"}, {"birthday", {{"like", "2"}}}}, "phones"),
            "domain.records.query /filter/birthday /filter/job /filter/nam /order");
  Query query;
  query.cursor = "x.y";
  EXPECT_EQ(refusal(records.list("contact", query, person)), "domain.records.query /cursor");
}

TEST_P(RecordsTest, come_many_at_once_each_by_itself) {  // REC-2, REC-6
  std::vector<Upsert> items(3);
  items[0].external_id = "1";
  items[0].fields = {{"name", "Ana"}};
  items[1].external_id = "2";
  items[1].fields = {{"emails", {"no address"}}};
  items[2].external_id = "3";
  items[2].fields = {{"emails", {"eva@example.com"}}};
  const auto outcomes = [&] {
    Names all;
    for (const auto& one : wait(records.upsert("contact", "crm", items, machine))) all.push_back(one.outcome);
    return all;
  };
  EXPECT_EQ(outcomes(), (Names{"created", "refused", "created"}));
  items[0].fields["job"] = "Buyer";
  items[1].fields = {{"name", "Ben"}};
  EXPECT_EQ(outcomes(), (Names{"changed", "created", "unchanged"}));
  const auto ana = wait(records.named("contact", ExternalName("crm", "1"), person));
  ASSERT_TRUE(ana);
  EXPECT_EQ(ana->record.fields["job"], "Buyer");
  EXPECT_EQ(ana->names, std::vector<ExternalName>{ExternalName("crm", "1")});
  items.resize(Records::kMostUpserts + 1);
  EXPECT_EQ(refusal(records.upsert("contact", "crm", items, machine)), "domain.refused /items");
}

TEST_P(RecordsTest, two_who_bring_the_same_at_once_make_one) {  // REC-2
  for (int round = 0; round < 5; ++round) {
    std::vector<Upsert> items(40);
    for (auto& item : items) {
      item.external_id = std::to_string(round) + "." + std::to_string(&item - items.data());
      item.fields = {{"name", item.external_id}};
    }
    std::vector<std::future<std::string>> both;
    for (int i = 0; i < 3; ++i)
      both.push_back(std::async(std::launch::async,
                                [&] { return refusal(records.upsert("account", "crm", items, machine)); }));
    for (auto& one : both) EXPECT_EQ(one.get(), "none");
  }
  auto query = where(json::object());
  query.limit = 500;
  const auto all = names(query, "account");
  EXPECT_EQ(all.size(), 200U);
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), 200U);
}

TEST_P(RecordsTest, what_was_removed_is_found_no_more_and_gives_back_what_was_unique) {
  const auto made = add("invoice", json::object());
  wait(records.remove("invoice", made.id, 1, person));
  EXPECT_EQ(refusal(records.get("invoice", made.id, person)), "domain.records.no_record");
  EXPECT_TRUE(wait(records.list("invoice", Query(), person)).items.empty());
  EXPECT_EQ(wait(records.history("invoice", made.id, person, 0, 10)).back().action, "remove");
  EXPECT_EQ(wait(records.create("invoice", {{"number", "Inv-1"}}, machine)).record.fields["number"], "Inv-1");
}

TEST_P(RecordsTest, the_journal_tells_of_each_change_and_of_what_follows_it) {  // REC-4
  const auto kept = add("contact", {{"name", "Ana"}});
  const auto other = add("contact", {{"name", "Anna"}});
  const auto deal = add("opportunity", {{"name", "Lamps"}, {"contact", to_string_id(other.id)}});
  wait(records.change("contact", kept.id, {{"name", "Ana"}}, {}, person));  // nothing new
  wait(records.merge("contact", kept.id, other.id, person));
  wait(records.remove("opportunity", deal.id, {}, person));
  store->write_now([](store::Session& session) { return journal::give_places(session, 100); });
  std::vector<std::string> told;
  auto read = [](store::Session& session) { return journal::read_after(session, 0, 100); };
  for (const auto& line : store->read_now(std::move(read))) {
    for (const auto& entry : line.entries) {
      const std::string which = entry.subject == kept.id    ? "kept"
                                : entry.subject == other.id ? "other"
                                                            : "deal";
      told.push_back(entry.type + " " + entry.object + " " + which);
    }
  }
  EXPECT_EQ(told, (std::vector<std::string>{"record.created contact kept", "record.created contact other",
                                            "record.created opportunity deal", "record.removed contact other",
                                            "record.changed opportunity deal", "record.changed contact kept",
                                            "record.removed opportunity deal"}));
}

TEST_P(RecordsTest, an_object_says_who_may_read_and_change_its_records) {  // REC-1, ACC-1
  access::Access access(*store, clock, ids);
  access::RoleChange role;
  role.name = "Sales";
  const auto sales = wait(access.create_role(role, "x"));
  access::UserChange user;
  user.login = "ben";
  user.name = "Ben";
  const auto ben = wait(access.create_user(user, "x"));
  const Asker asks(Author("user:ben", Source::person), ben.id, false);
  const auto deal =
      wait(records.create("contract", json::object(), asks)).record;  // everybody may, as it comes
  wait(objects.change_object("contract", {{"writers", {to_string_id(sales.id)}}}, {}, "x"));
  EXPECT_EQ(wait(records.get("contract", deal.id, asks)).record.id, deal.id);
  EXPECT_EQ(refusal(records.create("contract", json::object(), asks)), "domain.records.may_not_change");
  wait(objects.change_object("contract", {{"readers", {"5"}}}, {}, "x"));
  EXPECT_EQ(refusal(records.get("contract", deal.id, asks)), "domain.records.may_not_read");
  EXPECT_EQ(refusal(records.list("contract", Query(), asks)), "domain.records.may_not_read");
  EXPECT_EQ(refusal(records.history("contract", deal.id, asks, 0, 1)), "domain.records.may_not_read");
  wait(access.add_member(sales.id, ben.id, "x"));
  EXPECT_EQ(refusal(records.change("contract", deal.id, {{"amount", 5}}, {}, asks)), "none");
  EXPECT_EQ(wait(records.get("contract", deal.id, asks)).record.version, 2) << "who may change may read";
}

}  // namespace
}  // namespace patchbay::domain::records
