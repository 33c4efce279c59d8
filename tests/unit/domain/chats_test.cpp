#include "domain/chat/chats.hpp"

#include <chrono>
#include <future>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "base/error.hpp"
#include "domain/chat/deliveries.hpp"
#include "domain/chat/impl/posting.hpp"
#include "domain/chat/render.hpp"
#include "domain/chat_world.hpp"
#include "outbox/dispatcher.hpp"
#include "store/blobs.hpp"
#include "support/wait.hpp"

namespace patchbay::domain::chat {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using nlohmann::json;

const std::string kTrace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";

class FakeChannels final : public outbox::Channels {
 public:
  asio::awaitable<std::optional<outbox::Channel>> find(Id) override {
    co_return outbox::Channel(true, manifest);
  }
  std::string manifest =
      R"({"idempotency": "none", "limits": {"text": {"max": 10, "unit": "utf16"}, "reply": true,
      "caption": {"max": 5, "unit": "utf16"}, "album": {"max": 2, "groups": [["image"]]},
      "files": {"image": {"max_bytes": 100, "types": ["image/jpeg"]}}}})";
};

// A provider that numbers its messages.
class FakeCaller final : public plugin::Caller {
 public:
  asio::awaitable<port::Result> call(Id, port::Call call) override {
    requests.push_back(json::parse(call.message.json));
    traces.push_back(call.trace);
    const auto found = answers.find(requests.back().value("text", call.method));
    if (found != answers.end()) co_return found->second;
    auto reply = json::object();
    reply["provider_ids"].push_back(std::to_string(++last));
    reply["sent_at"] = "2026-11-21T09:20:00Z";
    co_return port::Result(port::Message(reply.dump()));
  }
  std::vector<json> requests;
  std::vector<std::string> traces;
  std::map<std::string, port::Result> answers;
  int last = 500;
};

class ChatsTest : public ChatWorld {
 protected:
  ChatsTest() {
    apply("message.received", message(1, "hello"));
    chat = ChatWorld::chats().at(0).id;
    Chats::Parts parts(*store, channels, caller, clock, ids);
    parts.wake = [this](const outbox::Item& item) { dispatcher->wake(item); };
    service = std::make_unique<Chats>(std::move(parts));
    outbox::Dispatcher::Options options(clock, *store, caller, channels, deliveries);
    dispatcher = std::make_unique<outbox::Dispatcher>(io.get_executor(), options, log::Logger::none());
  }
  ~ChatsTest() override {
    asio::co_spawn(io, dispatcher->stop(Duration{0}), asio::detached);
    io.restart();
    io.run_for(5s);
  }

  template <class T>
  T wait(asio::awaitable<T> work) {
    auto future = asio::co_spawn(io, std::move(work), asio::use_future);
    while (future.wait_for(0s) != std::future_status::ready) {
      io.restart();
      io.run_for(1ms);
    }
    return future.get();
  }
  Message post(const std::string& text, const std::string& key = "") {
    Draft draft;
    draft.text = text;
    return post(draft, key);
  }
  Message post(const Draft& draft, const std::string& key = "") {
    return wait(service->post(chat, draft, key, Sender(kTrace)));
  }
  Message in_thread(const Draft& draft) { return support::wait(service->post(chat, draft, "", Sender(""))); }
  Message read(Id id) { return wait(service->message(id)); }
  // Sends until the message is in this state.
  ::testing::AssertionResult becomes(Id id, Delivery state) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    for (;;) {
      const auto now = read(id).state;
      if (now == state) return ::testing::AssertionSuccess();
      if (std::chrono::steady_clock::now() > until)
        return ::testing::AssertionFailure() << delivery_name(now);
    }
  }
  Id upload(const std::string& bytes = "jpeg") {
    store::Blob blob;
    blob.id = ids.next();
    blob.name = "a.jpg";
    blob.type = "image/jpeg";
    store->write_now([&](store::Session& session) {
      store::create_blob(session, blob);
      store::write_blob(session, blob.id, 0, bytes);
      store::close_blob(session, blob.id);
    });
    return blob.id;
  }
  Code code_of(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& error) {
      return error.code();
    }
    return Code::ok;
  }

  FakeChannels channels;
  FakeCaller caller;
  Deliveries deliveries{clock, ids, {}};
  std::unique_ptr<Chats> service;
  std::unique_ptr<outbox::Dispatcher> dispatcher;
  Id chat = 0;
};
PB_ON_BOTH_DATABASES(ChatsTest);

TEST_P(ChatsTest, a_posted_message_is_sent_and_says_so) {
  const auto posted = post("hi");
  EXPECT_EQ(posted.state, Delivery::queued);
  EXPECT_TRUE(becomes(posted.id, Delivery::sent));
  EXPECT_EQ(read(posted.id).provider_id, "501");
  EXPECT_EQ(caller.requests.at(0)["conversation"]["id"], "c");
  EXPECT_EQ(caller.requests.at(0)["idempotency_key"], to_string_id(posted.id) + ":0");
  EXPECT_EQ(caller.traces.at(0).substr(0, 35), kTrace.substr(0, 35));
  EXPECT_EQ(count("outbox"), 0);
}

// OUT-1
TEST_P(ChatsTest, one_key_makes_one_message) {
  const auto first = post("hi", "k");
  EXPECT_EQ(post("hi", "k").id, first.id);
  EXPECT_EQ(code_of([&] { post("ho", "k"); }), Code::conflict);
  EXPECT_EQ(count("messages where direction = 'out'"), 1);
}

// OUT-1
TEST_P(ChatsTest, one_key_on_two_connections_at_once_makes_one_message) {
  Draft draft;
  draft.text = "hi";
  const Posting posting(draft, read_limits(channels.manifest), "k", Sender(""));
  std::vector<Id> made;
  const Change write = [&](store::Session& session) {
    Context context(session, ids, clock);
    const auto held = ChatTable(context).hold(chat);
    made.push_back(posting.write(context, *held).message.id);
  };
  meet(write, write);
  EXPECT_EQ(made.at(0), made.at(1));
  EXPECT_EQ(count("messages where direction = 'out'"), 1);
}

TEST_P(ChatsTest, parts_of_two_messages_do_not_mix) {
  Draft draft;
  draft.text = std::string(400, 'x');
  auto one = std::async(std::launch::async, [&] { return in_thread(draft); });
  in_thread(draft);
  one.get();
  const auto rows = store->read_now(
      [](store::Session& session) { return session.query("select message from outbox order by id"); });
  ASSERT_EQ(rows.size(), 80u);
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_EQ(rows[i].integer(0), rows[i < 40 ? 0 : 40].integer(0)) << i;
}

// TG-2
TEST_P(ChatsTest, a_split_message_is_one_message_with_one_state) {
  const auto posted = post("abcdefgh ijklmnopqrstuvwxyz");
  EXPECT_TRUE(becomes(posted.id, Delivery::sent));
  ASSERT_EQ(caller.requests.size(), 3u);
  EXPECT_EQ(caller.requests[0]["text"], "abcdefgh ");
  EXPECT_EQ(caller.requests[2]["part"], 2);
  EXPECT_EQ(messages(chat).size(), 2u);
  EXPECT_EQ(messages(chat)[1].text, posted.text);
}

TEST_P(ChatsTest, one_that_is_tried_again_does_not_fall_back_to_queued) {
  caller.answers["hi"] = port::Result(Code::unavailable, "away");
  const auto posted = post("hi");
  EXPECT_TRUE(becomes(posted.id, Delivery::sending));
  const auto back = [&] { return count("outbox where state = 'queued' and attempts = 1") == 1; };
  for (int i = 0; i < 1000 && !back(); ++i) read(posted.id);
  EXPECT_TRUE(back());
  EXPECT_EQ(read(posted.id).state, Delivery::sending);
}

// TG-4
TEST_P(ChatsTest, a_failed_part_fails_the_message_and_says_which) {
  caller.answers["ijklmnopqr"] = port::Result(Code::denied, "bot was blocked by the user");
  const auto posted = post("abcdefgh ijklmnopqrstuvwxyz");
  EXPECT_TRUE(becomes(posted.id, Delivery::failed));
  const auto why = Text::from_kept(read(posted.id).reason.value_or(""));
  EXPECT_EQ(why.english(), "Part 2 of 3: bot was blocked by the user");
  EXPECT_NE(why.in("ru"), why.english());
  EXPECT_EQ(caller.requests.size(), 2u);
  EXPECT_FALSE(ChatWorld::chats().at(0).reachable);
  EXPECT_EQ(ChatWorld::chats().at(0).reason, "bot was blocked by the user");
}

TEST_P(ChatsTest, what_arrived_of_a_failed_part_is_found_by_its_name) {
  caller.answers["hi"] = port::Result(Code::invalid, "the map is wrong", Duration{0},
                                      port::Message(R"({"provider_ids": ["501"]})"));
  const auto posted = post("hi");
  EXPECT_TRUE(becomes(posted.id, Delivery::failed));
  apply("message.status", about("501", {{"state", "delivered"}}));
  EXPECT_EQ(read(posted.id).state, Delivery::failed);
  EXPECT_EQ(read(posted.id).provider_id, "501");
  EXPECT_EQ(count("message_waiting"), 0);
}

// CHAT-13, N5
TEST_P(ChatsTest, receipts_rise_and_may_come_before_the_reply) {
  apply("message.status", about("501", {{"state", "delivered"}}));
  const auto posted = post("hi");
  EXPECT_TRUE(becomes(posted.id, Delivery::delivered));
  apply("message.status", about("501", {{"state", "read"}}));
  apply("message.status", about("501", {{"state", "delivered"}}));
  apply("message.status", about("501", {{"state", "failed"}, {"reason", "late"}}));
  EXPECT_EQ(read(posted.id).state, Delivery::read);
}

nlohmann::json up_to(const std::string& time, const std::string& state) {
  return {{"conversation", {{"id", "c"}}}, {"up_to", time}, {"state", state}};
}

// CHAT-13, FB-3
TEST_P(ChatsTest, a_receipt_up_to_a_time_is_for_all_that_was_sent_until_then) {
  const auto first = post("one");
  EXPECT_TRUE(becomes(first.id, Delivery::sent));
  apply("message.status", up_to("2026-11-21T09:19:59Z", "read"));
  EXPECT_EQ(read(first.id).state, Delivery::sent);
  apply("message.status", up_to("2026-11-21T09:20:00Z", "delivered"));
  EXPECT_EQ(read(first.id).state, Delivery::delivered);
  apply("message.status", up_to("2026-11-21T09:20:00Z", "read"));
  apply("message.status", up_to("2026-11-21T09:20:00Z", "delivered"));
  EXPECT_EQ(read(first.id).state, Delivery::read);
}

TEST_P(ChatsTest, a_receipt_up_to_a_time_may_come_before_the_reply) {
  apply("message.status", up_to("2026-11-21T09:20:00Z", "read"));
  EXPECT_TRUE(becomes(post("hi").id, Delivery::read));
  EXPECT_EQ(count("message_waiting"), 1);
  apply("message.status", up_to("2026-11-21T09:20:01Z", "read"));
  EXPECT_EQ(count("message_waiting"), 1) << "the later one stands for both";
}

// CHAT-13: in whichever order the transactions of the reply and of the receipt meet.
TEST_P(ChatsTest, a_receipt_that_meets_the_commit_of_the_reply_is_not_lost) {
  for (const bool reply_first : {true, false}) {
    outbox::Item item;
    item.integration = kBot;
    item.lane = "c";
    Draft draft;
    draft.text = "hi";
    item.message = in_thread(draft).id;  // so that the dispatcher does not send it meanwhile
    outbox::Outcome sent(outbox::Outcome::Kind::sent);
    sent.provider_ids = {reply_first ? "801" : "802"};
    hooks::Event receipt;
    receipt.type = "message.status";
    receipt.data = about(sent.provider_ids[0], {{"state", "delivered"}}).dump();
    const Change reply = [&](store::Session& session) {
      session.exec("delete from outbox where message = :message", {*item.message});
      deliveries.apply(session, item, sent);
    };
    const Change received = [&](store::Session& session) { sink.apply(session, {{kBot, &receipt}}); };
    meet(reply_first ? reply : received, reply_first ? received : reply);
    EXPECT_EQ(read(*item.message).state, Delivery::delivered) << reply_first;
    EXPECT_EQ(count("message_waiting"), 0);
  }
}

// CHAT-13
TEST_P(ChatsTest, a_split_message_is_delivered_when_its_last_part_is) {
  const auto posted = post("abcdefgh ijk");
  EXPECT_TRUE(becomes(posted.id, Delivery::sent));
  apply("message.status", about("502", {{"state", "delivered"}}));
  EXPECT_EQ(read(posted.id).state, Delivery::sent);
  apply("message.status", about("501", {{"state", "delivered"}}));
  EXPECT_EQ(read(posted.id).state, Delivery::delivered);
}

// CHAT-12
TEST_P(ChatsTest, a_receipt_of_failure_carries_the_providers_reason) {
  const auto posted = post("hi");
  EXPECT_TRUE(becomes(posted.id, Delivery::sent));
  apply("message.status", about("501", {{"state", "failed"}, {"reason", "no such number"}}));
  EXPECT_EQ(read(posted.id).state, Delivery::failed);
  EXPECT_EQ(read(posted.id).reason, "no such number");
}

TEST_P(ChatsTest, a_reason_in_several_languages_is_read_in_each) {
  const auto posted = post("hi");
  EXPECT_TRUE(becomes(posted.id, Delivery::sent));
  const json reason = {{"en", "blocked"}, {"ru", "заблокирован"}};
  apply("message.status", about("501", {{"state", "failed"}, {"reason", reason}}));
  EXPECT_EQ(to_json(read(posted.id), "ru")["reason"], "заблокирован");
  EXPECT_EQ(to_json(read(posted.id), "en")["reason"], "blocked");
}

TEST_P(ChatsTest, files_go_out_with_their_caption_and_are_shown) {
  Draft draft;
  draft.text = "two";
  draft.attachments.resize(2);
  for (auto& file : draft.attachments) file.id = upload();
  const auto posted = post(draft, "k");
  EXPECT_EQ(post(draft, "k").id, posted.id);
  EXPECT_TRUE(becomes(posted.id, Delivery::sent));
  ASSERT_EQ(caller.requests.size(), 1u);
  EXPECT_EQ(caller.requests[0]["attachments"][0]["blob"], to_string_id(draft.attachments[0].id));
  const auto shown = to_json(read(posted.id), "en")["attachments"];
  EXPECT_EQ(shown[1]["name"], "a.jpg");
  const auto file = wait(service->file(*parse_id(shown[1]["id"].get<std::string>())));
  EXPECT_EQ(file->blob, draft.attachments[1].id);
  EXPECT_EQ(count("blob_readers where integration = 7"), 2);
}

// WA-4: the client's last message was at kStart.
TEST_P(ChatsTest, a_closed_window_takes_only_templates) {
  channels.manifest = R"({"idempotency": "none", "limits": {"templates": true, "window_s": 3600}})";
  clock.advance(3600s);
  EXPECT_EQ(code_of([&] { post("in time"); }), Code::ok);
  clock.advance(1s);
  try {
    post("too late");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.diagnostics().at(0).path, "/template");
    EXPECT_NE(error.diagnostics().at(0).summary.english().find("1 hours"), std::string::npos);
  }
  Draft prepared;
  prepared.text = "Hi";
  prepared.prepared = R"({"id": "t1"})";
  const auto posted = post(prepared, "k");
  EXPECT_EQ(post(prepared, "k").id, posted.id);
  prepared.prepared = R"({"id": "t2"})";
  EXPECT_EQ(code_of([&] { post(prepared, "k"); }), Code::conflict);
  apply("message.received", message(9, "here I am", 3600));
  EXPECT_EQ(code_of([&] { post("again"); }), Code::ok);
}

TEST_P(ChatsTest, templates_are_those_of_the_plugin) {
  EXPECT_EQ(wait(service->templates(chat)), R"({"templates": []})");
  EXPECT_TRUE(caller.requests.empty()) << "a channel without templates is not asked";
  channels.manifest = R"({"limits": {"templates": true}})";
  const std::string list = R"({"templates":[{"id":"t1","name":"Ready"}]})";
  caller.answers["pb.channel/1:templates"] = port::Result(port::Message(list));
  EXPECT_EQ(wait(service->templates(chat)), list);
  caller.answers["pb.channel/1:templates"] = port::Result(Code::unauthenticated, "sign in again");
  EXPECT_EQ(code_of([&] { wait(service->templates(chat)); }), Code::unavailable);
  caller.answers["pb.channel/1:templates"] = port::Result(port::Message("[]"));
  EXPECT_EQ(code_of([&] { wait(service->templates(chat)); }), Code::unavailable);
}

// CHAT-21
TEST_P(ChatsTest, what_cannot_be_sent_is_refused_and_leaves_nothing) {
  Draft unknown;
  unknown.attachments.resize(1);
  unknown.attachments[0].id = 12345;
  EXPECT_EQ(code_of([&] { post(unknown); }), Code::invalid);
  Draft large;
  large.attachments.resize(1);
  large.attachments[0].id = upload(std::string(101, 'x'));
  EXPECT_EQ(code_of([&] { post(large); }), Code::invalid);
  EXPECT_EQ(code_of([&] { post(""); }), Code::invalid);
  EXPECT_EQ(code_of([&] { wait(service->post(99, Draft(), "", Sender(""))); }), Code::not_found);
  EXPECT_EQ(count("messages where direction = 'out'"), 0);
  EXPECT_EQ(count("outbox"), 0);
}

// TG-2
TEST_P(ChatsTest, a_reply_names_the_providers_message) {
  Draft draft;
  draft.text = "yes";
  draft.reply_to = messages(chat).at(0).id;
  const auto posted = post(draft);
  EXPECT_TRUE(becomes(posted.id, Delivery::sent));
  EXPECT_EQ(caller.requests.at(0)["reply_to"], "1");
  EXPECT_EQ(read(posted.id).reply_to, draft.reply_to);
  apply("message.received", message(9, "other", 0, "d"));
  draft.reply_to = messages(ChatWorld::chats().at(1).id).at(0).id;
  EXPECT_EQ(code_of([&] { post(draft); }), Code::invalid);
}

TEST_P(ChatsTest, a_message_that_was_sent_proves_that_the_chat_can_be_reached) {
  apply("conversation.changed",
        {{"conversation", {{"id", "c"}}}, {"reachable", false}, {"reason", "may not write"}});
  ASSERT_FALSE(ChatWorld::chats().at(0).reachable);
  EXPECT_TRUE(becomes(post("hello").id, Delivery::sent));
  EXPECT_TRUE(ChatWorld::chats().at(0).reachable);
  EXPECT_FALSE(ChatWorld::chats().at(0).reason);
}

TEST_P(ChatsTest, an_answer_goes_where_the_conversation_or_the_message_stands) {
  const auto said_in = [&](int id, const nlohmann::json& topic) {
    auto data = message(id, "in a topic", id);
    data["conversation"]["facts"] = data["message"]["facts"] = topic;
    apply("message.received", data);
  };
  said_in(2, {{"topic", 2}});
  said_in(3, {{"topic", 3}});
  apply("conversation.changed", {{"conversation", {{"id", "c"}}}, {"reachable", true}});  // says no topic
  EXPECT_TRUE(becomes(post("to all").id, Delivery::sent));
  EXPECT_EQ(caller.requests.at(0)["conversation"]["facts"], nlohmann::json({{"topic", 3}}));
  Draft draft;
  draft.text = "abcdefgh ijkl";              // both parts
  draft.reply_to = messages(chat).at(2).id;  // behind the first one and its answer
  EXPECT_TRUE(becomes(post(draft).id, Delivery::sent));
  EXPECT_EQ(caller.requests.at(1)["conversation"]["facts"], nlohmann::json({{"topic", 2}}));
  EXPECT_EQ(caller.requests.at(2)["conversation"]["facts"], nlohmann::json({{"topic", 2}}));
}

// TG-4
TEST_P(ChatsTest, a_conversation_that_moves_while_sending_keeps_chat_and_queue) {
  caller.answers["one"] = port::Result(port::Message(R"({"provider_ids": ["1"], "moved_to": "new"})"));
  const auto one = post("one");
  const auto two = post("two");
  EXPECT_TRUE(becomes(one.id, Delivery::sent));
  EXPECT_TRUE(becomes(two.id, Delivery::sent));
  EXPECT_EQ(caller.requests.at(1)["conversation"]["id"], "new");
  EXPECT_EQ(ChatWorld::chats().at(0).conversation, "new");
}

ChatFilter of(Id integration) {
  ChatFilter filter;
  filter.integration = integration;
  return filter;
}

// CHAT-22: missed chats are held.
TEST_P(ChatsTest, chats_are_listed_by_state) {
  auto filter = of(kBot);
  filter.state = "held";
  EXPECT_EQ(wait(service->list(filter, "", 10)).items.size(), 1u);
  filter.queue = 5;
  EXPECT_TRUE(wait(service->list(filter, "", 10)).items.empty());
  filter.queue.reset();
  filter.state = "finished";
  EXPECT_TRUE(wait(service->list(filter, "", 10)).items.empty());
}

TEST_P(ChatsTest, lists_go_on_where_the_page_before_ended) {
  for (int i = 2; i <= 5; ++i) apply("message.received", message(i, std::to_string(i)));
  apply("message.received", message(1, "x", 0, "d"));
  std::string seen;
  std::string cursor;
  do {
    const auto page = wait(service->messages(chat, cursor, 2));
    for (const auto& item : page.items) seen += item.text + " ";
    cursor = page.next.value_or("");
  } while (!cursor.empty());
  EXPECT_EQ(seen, "hello 2 3 4 5 ");
  const auto page = wait(service->list(of(kBot), "", 1));
  EXPECT_EQ(page.items.size(), 1u);
  EXPECT_FALSE(wait(service->list(of(kBot), *page.next, 1)).next);
  EXPECT_TRUE(wait(service->list(of(8), "", 1)).items.empty());
  EXPECT_EQ(code_of([&] { wait(service->messages(chat, "1.x", 2)); }), Code::invalid);
}

TEST_P(ChatsTest, a_message_is_shown_with_the_fields_of_the_interface) {
  const auto shown = to_json(messages(chat).at(0), "en");
  for (const auto* key :
       {"id", "direction", "text", "attachments", "state", "reason", "created_at", "provider_id"}) {
    EXPECT_TRUE(shown.contains(key)) << key;
  }
  EXPECT_EQ(shown["created_at"], "2026-11-21T09:20:00.000Z");
  EXPECT_EQ(shown["author"]["name"], "Ana");
  EXPECT_TRUE(shown["id"].is_string());
}

}  // namespace
}  // namespace patchbay::domain::chat
