// Events that are applied together leave what they leave one by one.
#include <algorithm>
#include <random>

#include "domain/chat_world.hpp"
#include "unit/domain/matching.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

// Few conversations, clients and names, so that events meet.
class Feed {
 public:
  explicit Feed(unsigned seed) : random_(seed) {}

  hooks::Event next() {
    hooks::Event event;
    const auto kind = pick(12);
    json data = {{"conversation", conversation()}, {"at", at()}};
    event.type = kind < 6    ? "message.received"
                 : kind == 6 ? "message.edited"
                 : kind == 7 ? "message.deleted"
                 : kind == 8 ? "message.status"
                 : kind == 9 ? "button.pressed"
                             : "conversation.changed";
    if (kind < 7) {
      data["author"] = {{"id", name("client", 6)}, {"name", name("Name", 3)}};
      if (kind == 3) data["author"]["phone"] = name("+4930901", 9);
      if (kind == 2) data["author"]["email"] = name("someone@example", 9);
      data["message"] = {{"id", name("", 12)}, {"text", name("text", 99)}};
      data["sequence"] = pick(5);
      if (kind == 5) event.part_of = hooks::PartOf{name("album", 3), 1000};
      if (kind == 4)
        data["message"]["attachments"] = {{{"kind", "image"}, {"file", {{"f", 1}}}, {"name", "n"}}};
      if (kind == 6) data["edited_at"] = at();
    } else if (kind < 9) {
      data["message_ids"] = {name("", 12)};
      if (kind == 8) data["state"] = "read";
    } else if (kind == 9) {
      data.update({{"author", {{"id", name("client", 4)}}},
                   {"press_id", name("press", 99)},
                   {"data", "d"},
                   {"title", "t"}});
      data["message_id"] = name("", 12);
    } else if (kind == 10) {
      data["moved_to"] = name("c", 4);
    } else {
      data["reachable"] = pick(2) == 0;
    }
    event.data = data.dump();
    return event;
  }
  std::size_t pick(std::size_t below) { return random_() % below; }

 private:
  std::string name(const char* what, std::size_t below) { return what + std::to_string(pick(below)); }
  json conversation() { return {{"id", name("c", 4)}, {"kind", "private"}, {"title", name("Title", 2)}}; }
  std::string at() {
    return to_rfc3339(
        TimePoint(std::chrono::milliseconds(kStart + static_cast<std::int64_t>(pick(20)) * 1000)));
  }

  std::minstd_rand random_;
};

// Everything but ids, which both ways give out in their own order.
std::vector<std::string> content_of(store::Store& store) {
  const char* queries[] = {
      "select 'chat ' || c.conversation || '|' || c.title || '|' || c.state || '|' || cast(c.reachable as "
      "text) || '|' || "
      "coalesce(u.external_id, '') || '|' || cast(c.last_message_at as text) || '|' || "
      "coalesce(i.conversation, '') from "
      "chats c left join chat_clients u on u.id = c.client left join chats i on i.id = c.merged_into",
      "select 'client ' || c.external_id || '|' || c.name || '|' || c.phone || '|' || c.email || '|' || "
      "coalesce(r.fields, '') from chat_clients c left join records r on r.id = c.contact",
      "select 'contact ' || fields from records",
      "select 'message ' || c.conversation || '|' || m.text || '|' || m.content || '|' || m.state || '|' || "
      "coalesce(m.provider_id, '') || '|' || cast(m.provider_at as text) || '|' || cast(m.sequence as text) "
      "|| '|' || "
      "coalesce(u.external_id, '') || '|' || coalesce(cast(m.edited_at as text), '') || '|' || "
      "coalesce(cast(m.deleted_at as text), '') || '|' || coalesce(m.part_of, '') from messages m join chats "
      "c on c.id = "
      "m.chat left join chat_clients u on u.id = m.author",
      "select 'name ' || conversation || '|' || provider_id || '|' || state || '|' || cast(at as text) || "
      "'|' || "
      "coalesce(text, '') from message_provider_ids",
      "select 'edit ' || provider_id || '|' || text || '|' || cast(version_at as text) from message_edits",
      "select 'file ' || coalesce(provider_id, '') || '|' || state || '|' || case when replaced_at is null "
      "then '' else "
      "'replaced' end from message_attachments",
      "select 'waiting ' || conversation || '|' || provider_id || '|' || what from message_waiting",
      "select 'move ' || conversation || '|' || moved_to from chat_moves",
      "select 'outbox ' || verb || '|' || lane from outbox"};
  return store.read_now([&](store::Session& session) {
    std::vector<std::string> lines;
    for (const auto* query : queries) {
      for (const auto& row : session.query(query)) lines.push_back(row.text(0));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  });
}

class BatchTest : public ChatWorld {};
PB_ON_BOTH_DATABASES(BatchTest);

TEST_P(BatchTest, a_conversation_under_its_old_and_its_new_name) {
  apply("message.received", message(1, "first", 0, "old"));
  apply("conversation.changed", {{"conversation", {{"id", "old"}}}, {"moved_to", "new"}});
  auto by_old = message(2, "second", 1, "old");
  auto by_new = message(3, "third", 2, "new");
  by_old["conversation"]["title"] = "Anna";
  by_new["conversation"]["title"] = "Ana";
  std::vector<hooks::Event> events(2);
  for (auto& event : events) event.type = "message.received";
  events[0].data = by_old.dump();
  events[1].data = by_new.dump();
  store->write_now([&](store::Session& session) {
    sink.apply(session, {{kBot, &events[0]}, {kBot, &events[1]}});
  });
  EXPECT_EQ(chats().at(0).title, "Ana");
  EXPECT_EQ(messages().size(), 3u);
}

// CHAT-12, CHAT-13
TEST_P(BatchTest, leaves_what_its_events_leave_one_by_one) {
  const support::FreshDatabase other_database{GetParam()};
  const auto other = other_database.open();
  Matching mine(*store, clock, ids);
  Matching theirs(*other, clock, ids);
  Feed feed(20261128);
  for (int round = 0; round < 60; ++round) {
    std::vector<hooks::Event> events;
    for (auto left = 1 + feed.pick(12); left > 0; --left) events.push_back(feed.next());
    std::vector<hooks::Arrived> together;
    for (const auto& event : events) together.push_back({kBot, &event});
    store->write_now([&](store::Session& session) { mine.sink.apply(session, together); });
    for (const auto& one : together)
      other->write_now([&](store::Session& session) { theirs.sink.apply(session, {one}); });
    ASSERT_EQ(content_of(*store), content_of(*other)) << "round " << round;
  }
  EXPECT_GT(count("messages"), 20);
  EXPECT_GT(count("records"), 3);
  EXPECT_GT(count("chats where merged_into is not null"), 0);
}

}  // namespace
}  // namespace patchbay::domain::chat
