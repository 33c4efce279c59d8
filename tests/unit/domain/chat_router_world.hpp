#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/access/access.hpp"
#include "domain/chat/chat_sink.hpp"
#include "domain/routing/queues.hpp"
#include "domain/routing/router.hpp"
#include "support/databases.hpp"
#include "support/wait.hpp"

namespace patchbay::domain::routing {
namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* kAdmin = "test";
constexpr Id kShop = 7;

using support::wait;

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

// A channel, people, queues and a router on either database, and a clock that stands still.
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

}  // namespace patchbay::domain::routing
