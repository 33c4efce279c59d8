// CHAT-15: who of the contacts a client is.
#include "domain/chat/client_contacts.hpp"

#include <future>

#include "base/error.hpp"
#include "domain/journal/journal.hpp"
#include "unit/domain/chat_world.hpp"
#include "unit/domain/matching.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;
using support::wait;

constexpr Id kOther = 8;
constexpr Id kOperator = 5;

class ClientContactsTest : public ChatWorld {
 protected:
  // Says something in a chat with him alone; `more`: what the channel tells of him.
  void says(int id, const std::string& who, const json& more = {}, Id integration = kBot,
            const std::string& kind = "private") {
    auto data = message(id, "hello", 0, "chat of " + who);
    data["conversation"]["kind"] = kind;
    data["author"] = {{"id", who}, {"name", who}};
    if (!more.is_null()) data["author"].update(more);
    hooks::Event event;
    event.type = "message.received";
    event.data = data.dump();
    store->write_now([&](store::Session& session) { host.sink.apply(session, {{integration, &event}}); });
  }
  records::Record add(json fields) {
    return wait(host.records.create("contact", std::move(fields), admin)).record;
  }
  Chat chat(const std::string& who, Id integration = kBot) {
    return in_store([&](Context& context) {
      return ChatTable(context).find_open(integration, "chat of " + who).value();
    });
  }
  std::optional<Id> contact(const std::string& who, Id integration = kBot) {
    return chat(who, integration).contact;
  }
  json fields(Id id) { return wait(host.records.get("contact", id, admin)).record.fields; }
  std::int64_t contacts() { return count("records where object = 'contact' and state = 'live'"); }
  // "reason actor" of what became of it since it was opened.
  std::vector<std::string> history(Id id) {
    return in_store([&](Context& context) {
      std::vector<std::string> lines;
      for (const auto& one : routing::RoutingTable(context.session, ids, clock.now()).history(id, 0, 100))
        if (one.reason != "opened") lines.push_back(one.reason + " " + one.actor);
      return lines;
    });
  }
  // Reasons that the journal tells of a chat from now on.
  std::vector<std::string> told(Id id, std::int64_t after) {
    return store->write_now([&](store::Session& session) {
      journal::give_places(session, 1'000);
      std::vector<std::string> reasons;
      for (const auto& line : journal::read_after(session, after, 1'000))
        for (const auto& entry : line.entries)
          if (entry.chat == id && entry.type == "chat.changed") reasons.push_back(entry.reason);
      return reasons;
    });
  }
  std::int64_t place() {
    return store->write_now([&](store::Session& session) {
      journal::give_places(session, 1'000);
      return journal::mark(session, journal::kPlaced);
    });
  }
  void accept(Id id) {
    store->write_now([&](store::Session& session) {
      session.exec("update chats set state = 'in_progress', operator = :who where id = :id", {kOperator, id});
    });
  }
  template <class T>
  static std::string refusal(boost::asio::awaitable<T> work) {
    try {
      wait(std::move(work));
    } catch (const Error& error) {
      return std::string(error.text().id());
    }
    return "none";
  }

  Matching host{*store, clock, ids};
  const records::Asker admin{records::Author("user:root", records::Source::person), 1, true};
  const records::Asker ana{records::Author("user:ana", records::Source::person), kOperator, false};
};
PB_ON_BOTH_DATABASES(ClientContactsTest);

TEST_P(ClientContactsTest, who_writes_first_becomes_a_contact_once) {
  says(1, "Eva", {{"phone", "+49 30 901820"}, {"email", "eva@example.com"}});
  says(2, "Eva");
  const auto eva = contact("Eva").value();
  EXPECT_EQ(fields(eva)["name"], "Eva");
  EXPECT_EQ(fields(eva)["phones"], json({{{"value", "+4930901820"}}}));
  EXPECT_EQ(fields(eva)["emails"], json({{{"value", "eva@example.com"}}}));
  EXPECT_EQ(contacts(), 1);
  EXPECT_EQ(messages(chat("Eva").id).at(0).author->contact, eva);
  says(1, "Eva", {}, kOther);
  EXPECT_EQ(contact("Eva", kOther), eva) << "the plugin's name for her, in another of its channels";
  says(3, "Eva");
  EXPECT_EQ(host.met, 2) << "who has a contact is not looked for";
}

TEST_P(ClientContactsTest, who_is_known_by_telephone_or_mail_is_found) {
  host.tools.home = [] { return *records::dialling_in("RU"); };
  const auto tom = add({{"name", "Tom"}, {"phones", {"8 (912) 345-67-89"}}}).id;
  const auto zoe = add({{"name", "Zoe"}, {"emails", {"Zoe@example.com"}}}).id;
  says(1, "t", {{"phone", "+79123456789"}});
  says(2, "z", {{"email", "zoe@EXAMPLE.com"}});
  EXPECT_EQ(contact("t"), tom);
  EXPECT_EQ(contact("z"), zoe);
  auto card = message(3, "", 0, "chat of k");
  card["author"] = {{"id", "k"}};
  card["message"]["contact"] = {{"user_id", "k"}, {"phone", "89123456789"}};
  hooks::Event event;
  event.type = "message.received";
  event.data = card.dump();
  store->write_now([&](store::Session& session) { host.sink.apply(session, {{kBot, &event}}); });
  EXPECT_EQ(contact("k"), tom) << "by his own card";
}

TEST_P(ClientContactsTest, where_contacts_are_made_on_demand_strangers_stay_strangers) {
  host.creates = false;
  says(1, "Eva", {{"phone", "+4930901820"}});
  EXPECT_FALSE(contact("Eva"));
  EXPECT_EQ(contacts(), 0);
  const auto made = wait(host.client_contacts.make(chat("Eva").id, admin, false)).contact.value();
  EXPECT_EQ(fields(made)["phones"], json({{{"value", "+4930901820"}}}));
  EXPECT_EQ(wait(host.client_contacts.make(chat("Eva").id, admin, false)).contact, made) << "once";
  says(2, "Tom", {{"phone", "+4930901821"}});
  const auto tom = add({{"name", "Tom"}, {"phones", {"+4930901821"}}}).id;
  says(3, "Tom");
  EXPECT_EQ(contact("Tom"), tom) << "as soon as there is one";
}

TEST_P(ClientContactsTest, in_a_group_whoever_is_known_is_matched_and_nobody_is_made) {
  const auto tom = add({{"name", "Tom"}, {"phones", {"+4930901821"}}}).id;
  says(1, "crowd", {{"phone", "+4930901821"}}, kBot, "group");
  says(2, "x", {}, kBot, "group");
  EXPECT_EQ(messages(chat("crowd").id).at(0).author->contact, tom);
  EXPECT_EQ(contacts(), 1);
  EXPECT_EQ(refusal(host.client_contacts.make(chat("x").id, admin, false)), "domain.chat.no_one_client");
}

TEST_P(ClientContactsTest, nothing_that_an_admin_wants_of_contacts_stops_a_message) {  // REC-6
  const auto want = [&](json field) {
    wait(host.objects.change_object("contact", {{"fields", {std::move(field)}}}, {}, "user:root"));
  };
  want({{"code", "job"}, {"required", true}});
  says(1, "Eva");
  EXPECT_TRUE(contact("Eva"));
  want({{"code", "name"}, {"unique", true}});
  says(2, "Tom");
  auto namesake = message(3, "hello", 0, "chat of tom2");
  namesake["author"] = {{"id", "tom2"}, {"name", "Tom"}};
  hooks::Event event;
  event.type = "message.received";
  event.data = namesake.dump();
  store->write_now([&](store::Session& session) { host.sink.apply(session, {{kBot, &event}}); });
  EXPECT_EQ(messages(chat("tom2").id).size(), 1U);
  EXPECT_FALSE(contact("tom2")) << "another contact has this name";
  EXPECT_EQ(refusal(host.client_contacts.make(chat("tom2").id, admin, false)), "domain.records.taken");
  EXPECT_EQ(contacts(), 2);
}

TEST_P(ClientContactsTest, two_hosts_that_meet_the_same_client_make_one_contact) {
  Matching other(*store, clock, ids);
  for (int round = 0; round < 5; ++round) {
    const auto who = "client" + std::to_string(round);
    std::vector<std::future<void>> both;
    for (auto* one : {&host, &other})
      both.push_back(std::async(std::launch::async, [&, one] {
        hooks::Event event;
        event.type = "message.received";
        auto data = message(one == &host ? 1 : 2, "hello", 0, "chat of " + who);
        data["author"] = {{"id", who}};
        event.data = data.dump();
        store->write_now([&](store::Session& session) {
          one->sink.apply(session, {{one == &host ? kBot : kOther, &event}});
        });
      }));
    for (auto& one : both) one.get();
    EXPECT_TRUE(contact(who));
    EXPECT_EQ(contact(who), contact(who, kOther));
    EXPECT_EQ(contacts(), round + 1);
  }
}

TEST_P(ClientContactsTest, an_operator_says_who_a_client_is_in_the_chat_that_he_has) {
  says(1, "Eva");
  const auto made = contact("Eva").value();
  const auto real = add({{"name", "Eva Lima"}}).id;
  const auto id = chat("Eva").id;
  EXPECT_EQ(refusal(host.client_contacts.link(id, real, ana, true)), "domain.routing.not_yours");
  accept(id);
  const auto before = place();
  EXPECT_EQ(wait(host.client_contacts.link(id, real, ana, true)).contact, real);
  EXPECT_EQ(wait(host.client_contacts.link(id, real, ana, true)).contact, real) << "twice is once";
  says(2, "Eva", {}, kOther);
  EXPECT_EQ(contact("Eva", kOther), real) << "the channel's name stands for her now";
  EXPECT_FALSE(wait(host.client_contacts.unlink(id, ana, true)).contact);
  says(3, "Eva");
  EXPECT_FALSE(contact("Eva")) << "he has said so";
  EXPECT_EQ(wait(host.client_contacts.make(id, ana, true)).contact.has_value(), true);
  const std::vector<std::string> lines{"contact_linked user:ana", "contact_unlinked user:ana",
                                       "contact_linked user:ana"};
  EXPECT_EQ(history(id), lines);
  EXPECT_EQ(told(id, before),
            (std::vector<std::string>{"contact_linked", "contact_unlinked", "contact_linked"}));
  EXPECT_EQ(refusal(host.client_contacts.link(id, 17, ana, true)), "domain.records.no_record");
  EXPECT_EQ(refusal(host.client_contacts.link(17, real, ana, false)), "domain.chat.no_chat");
  wait(host.records.remove("contact", made, {}, admin));
  EXPECT_EQ(refusal(host.client_contacts.link(id, made, ana, true)), "domain.records.no_record");
}

TEST_P(ClientContactsTest, whom_contacts_do_not_let_links_none_and_makes_none) {
  says(1, "Eva");
  const auto id = chat("Eva").id;
  const auto eva = contact("Eva").value();
  wait(host.client_contacts.unlink(id, admin, false));
  wait(host.objects.change_object("contact", {{"writers", {to_string_id(1'000'000'001)}}}, {}, "user:root"));
  EXPECT_EQ(refusal(host.client_contacts.make(id, ana, false)), "domain.records.may_not_change");
  wait(host.objects.change_object("contact", {{"readers", {to_string_id(1'000'000'001)}}}, {}, "user:root"));
  EXPECT_EQ(refusal(host.client_contacts.link(id, eva, ana, false)), "domain.records.may_not_read");
}

TEST_P(ClientContactsTest, merging_contacts_moves_their_clients_and_chats) {
  says(1, "Eva");
  const auto gone = contact("Eva").value();
  const auto kept = add({{"name", "Eva Lima"}}).id;
  const auto id = chat("Eva").id;
  const auto before = place();
  wait(host.records.merge("contact", kept, gone, admin));
  EXPECT_EQ(contact("Eva"), kept);
  EXPECT_EQ(told(id, before), std::vector<std::string>{"contact_linked"});
  says(2, "Eva", {}, kOther);
  EXPECT_EQ(contact("Eva", kOther), kept);
  EXPECT_EQ(wait(host.client_contacts.link(id, gone, admin, false)).contact, kept)
      << "it answers as that one";
}

TEST_P(ClientContactsTest, who_writes_while_his_contact_is_merged_is_the_kept_one) {
  for (int round = 0; round < 5; ++round) {
    const auto phone = "+493090182" + std::to_string(round);
    const auto who = "client" + std::to_string(round);
    const auto gone = add({{"name", "Gone"}, {"phones", {phone}}}).id;
    const auto kept = add({{"name", "Kept"}}).id;
    auto writing = std::async(std::launch::async, [&] { says(round + 1, who, {{"phone", phone}}); });
    wait(host.records.merge("contact", kept, gone, admin));
    writing.get();
    EXPECT_EQ(contact(who), kept);
  }
}

TEST_P(ClientContactsTest, whose_contact_is_removed_becomes_one_anew) {
  says(1, "Eva");
  const auto former = contact("Eva").value();
  wait(host.records.remove("contact", former, {}, admin));
  EXPECT_FALSE(contact("Eva"));
  says(2, "Eva");
  EXPECT_NE(contact("Eva").value(), former);
}

}  // namespace
}  // namespace patchbay::domain::chat
