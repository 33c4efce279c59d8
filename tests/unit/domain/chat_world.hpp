#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/chat_sink.hpp"
#include "domain/chat/impl/chat_table.hpp"
#include "domain/chat/impl/message_table.hpp"
#include "support/databases.hpp"

namespace patchbay::domain::chat {

constexpr Id kBot = 7;
constexpr std::int64_t kStart = 1'795'252'800'000;  // 2026-11-21T09:20:00Z

// Two databases, a clock that stands still, and events in few words.
class ChatWorld : public ::testing::TestWithParam<support::Database> {
 protected:
  void apply(const std::string& type, const nlohmann::json& data, const std::string& album = "",
             Id integration = kBot) {
    hooks::Event event;
    event.type = type;
    event.data = data.dump();
    if (!album.empty()) event.part_of = hooks::PartOf{album, 1000};
    store->write_now([&](store::Session& session) { sink.apply(session, {{integration, &event}}); });
  }

  // {"conversation": c, "author", "message": {"id", "text"}, "at": kStart + seconds, "sequence": id}
  static nlohmann::json message(int id, const std::string& text, int seconds = 0,
                                const std::string& conversation = "c") {
    return {{"conversation", {{"id", conversation}, {"kind", "private"}, {"title", "Ana"}}},
            {"author", {{"id", "a"}, {"name", "Ana"}}},
            {"at", at(seconds)},
            {"sequence", id},
            {"message", {{"id", std::to_string(id)}, {"text", text}}}};
  }
  static nlohmann::json edit(int id, const std::string& text, int edited) {
    auto data = message(id, text);
    data["edited_at"] = at(edited);
    return data;
  }
  static nlohmann::json picture(int id, const std::string& caption = "",
                                const std::string& conversation = "c") {
    auto data = message(id, caption, 0, conversation);
    data["message"]["attachments"] = {
        {{"kind", "image"}, {"file", {{"f", id}}}, {"name", std::to_string(id)}}};
    return data;
  }
  static nlohmann::json about(const std::string& id, const nlohmann::json& more = nlohmann::json::object(),
                              const std::string& conversation = "c") {
    nlohmann::json data = {{"conversation", {{"id", conversation}}}, {"message_ids", {id}}, {"at", at(0)}};
    data.update(more);
    return data;
  }
  static std::string at(int seconds) {
    return to_rfc3339(TimePoint(std::chrono::milliseconds(kStart + seconds * 1000LL)));
  }

  // Both at once: the second begins when the first has done its work and is about to commit.
  using Change = std::function<void(store::Session&)>;
  void meet(const Change& first, const Change& second) {
    std::future<void> other;
    store->write_now([&](store::Session& session) {
      first(session);
      other = std::async(std::launch::async, [&] { store->write_now(second); });
      other.wait_for(std::chrono::milliseconds(200));
    });
    other.get();
  }

  template <class F>
  auto in_store(F fn) {
    return store->write_now([&](store::Session& session) {
      Context context(session, ids, clock);
      return fn(context);
    });
  }
  std::vector<Chat> chats() {
    return in_store([](Context& context) {
      ChatFilter filter;
      filter.integration = kBot;
      return ChatTable(context).list(filter, 0, 5000);
    });
  }
  std::vector<Message> messages(std::optional<Id> chat = std::nullopt) {
    const Id wanted = chat ? *chat : chats().at(0).id;
    return in_store([&](Context& context) { return MessageTable(context).list(wanted, Place(), 500); });
  }
  std::int64_t count(const std::string& table) {
    return store->read_now([&](store::Session& session) {
      return session.query_one("select cast(count(*) as bigint) from " + table)->integer(0);
    });
  }

  boost::asio::io_context io;  // ends after the store, whose threads post to it
  support::FreshDatabase database{GetParam()};
  std::unique_ptr<store::Store> store = database.open();
  ManualClock clock{TimePoint(std::chrono::milliseconds(kStart))};
  IdMint ids{clock};
  ChatSink sink{clock, ids, {}};
};

}  // namespace patchbay::domain::chat
