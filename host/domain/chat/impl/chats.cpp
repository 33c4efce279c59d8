#include "domain/chat/chats.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/trace.hpp"
#include "domain/chat/impl/attachment_table.hpp"
#include "domain/chat/impl/chat_table.hpp"
#include "domain/chat/impl/message_table.hpp"
#include "domain/chat/impl/posting.hpp"

namespace patchbay::domain::chat {
namespace {

namespace asio = boost::asio;

constexpr Duration kTemplatesLimit{30'000};

[[noreturn]] void refuse_cursor(const std::string& cursor) {
  throw Error(Code::invalid, Text("domain.chat.cursor", {{"cursor", cursor}}));
}

// "<at>.<sequence>.<id>"
std::string cursor_of(const Message& message) {
  return std::to_string(message.provider_at) + "." + std::to_string(message.sequence) + "." +
         to_string_id(message.id);
}

Place place_of(const std::string& cursor) {
  Place place;
  if (cursor.empty()) return place;
  const auto* at = cursor.data();
  const auto* end = at + cursor.size();
  for (auto* number : {&place.at, &place.sequence, &place.id}) {
    const auto [stop, error] = std::from_chars(at, end, *number);
    const bool is_last = number == &place.id;
    if (error != std::errc() || (is_last ? stop != end : stop == end || *stop != '.')) refuse_cursor(cursor);
    at = is_last ? stop : stop + 1;
  }
  return place;
}

Chat existing(std::optional<Chat> found, Id chat) {
  if (!found) throw Error(Code::not_found, Text("domain.chat.no_chat", {{"id", to_string_id(chat)}}));
  return std::move(*found);
}

Chat existing(Context& context, Id chat) {
  return existing(ChatTable(context).find_current(chat), chat);
}

}  // namespace

asio::awaitable<Page<Chat>> Chats::list(ChatFilter filter, std::string cursor, int limit) {
  Id after = 0;
  if (!cursor.empty()) {
    const auto parsed = parse_id(cursor);
    if (!parsed) refuse_cursor(cursor);
    after = *parsed;
  }
  auto work = [=, this](store::Session& session) {
    Context context(session, parts_.ids, parts_.clock);
    return ChatTable(context).list(filter, after, limit + 1);
  };
  Page<Chat> page;
  page.items = co_await parts_.store.read(std::move(work));
  if (page.items.size() > static_cast<std::size_t>(limit)) {
    page.items.pop_back();
    page.next = to_string_id(page.items.back().id);
  }
  co_return page;
}

asio::awaitable<Chat> Chats::get(Id chat) {
  auto work = [=, this](store::Session& session) {
    Context context(session, parts_.ids, parts_.clock);
    return existing(context, chat);
  };
  co_return co_await parts_.store.read(std::move(work));
}

asio::awaitable<Page<Message>> Chats::messages(Id chat, std::string cursor, int limit) {
  const auto after = place_of(cursor);
  auto work = [=, this](store::Session& session) {
    Context context(session, parts_.ids, parts_.clock);
    return MessageTable(context).list(existing(context, chat).id, after, limit + 1);
  };
  Page<Message> page;
  page.items = co_await parts_.store.read(std::move(work));
  if (page.items.size() > static_cast<std::size_t>(limit)) {
    page.items.pop_back();
    page.next = cursor_of(page.items.back());
  }
  co_return page;
}

asio::awaitable<Message> Chats::message(Id message) {
  auto work = [=, this](store::Session& session) {
    Context context(session, parts_.ids, parts_.clock);
    return MessageTable(context).find(message);
  };
  auto found = co_await parts_.store.read(std::move(work));
  if (!found) throw Error(Code::not_found, Text("domain.chat.no_message", {{"id", to_string_id(message)}}));
  co_return std::move(*found);
}

asio::awaitable<Carrier> Chats::carrier(Id chat) {
  const auto target = co_await get(chat);
  const auto channel = co_await parts_.channels.find(target.integration);
  const auto missing = Error(
      Code::conflict, Text("domain.chat.no_channel", {{"integration", to_string_id(target.integration)}}));
  if (!channel || channel->manifest.empty()) throw missing;
  auto work = [id = target.integration](store::Session& session) {
    return session.query_one("select name, plugin from integrations where id = :id", {id});
  };
  const auto row = co_await parts_.store.read(std::move(work));
  if (!row) throw missing;
  Carrier found;
  found.integration = target.integration;
  found.name = row->text(0);
  found.plugin = row->text(1);
  found.limits = read_limits(channel->manifest);
  co_return found;
}

asio::awaitable<Message> Chats::post(Id chat, Draft draft, std::string idempotency_key, Sender sender) {
  const auto target = co_await get(chat);
  const auto channel = co_await parts_.channels.find(target.integration);
  if (!channel || channel->manifest.empty()) {
    throw Error(Code::conflict,
                Text("domain.chat.no_channel", {{"integration", to_string_id(target.integration)}}));
  }
  const auto limits = read_limits(channel->manifest);
  if (idempotency_key.size() > 255) throw Error(Code::invalid, Text("domain.chat.key_long"));
  const Posting posting(std::move(draft), limits, std::move(idempotency_key), std::move(sender));
  auto work = [&posting, chat, this](store::Session& session) {
    Context context(session, parts_.ids, parts_.clock);
    auto written = posting.write(context, existing(ChatTable(context).hold(chat), chat));
    context.write_journal();
    return written;
  };
  auto posted = co_await parts_.store.write(std::move(work));
  if (posted.first_answer_after) {
    const std::chrono::duration<double> waited = *posted.first_answer_after;
    parts_.answered.record(waited.count(), {to_string_id(target.queue.value_or(0))});
  }
  if (posted.first && parts_.wake) parts_.wake(*posted.first);
  co_return std::move(posted.message);
}

asio::awaitable<std::string> Chats::templates(Id chat) {
  const auto target = co_await get(chat);
  const auto channel = co_await parts_.channels.find(target.integration);
  if (!channel || !read_limits(channel->manifest).templates) co_return R"({"templates": []})";
  port::Call call("pb.channel/1:templates", port::Message("{}"), Trace::make().traceparent(),
                  kTemplatesLimit);
  const auto result = co_await parts_.caller.call(target.integration, std::move(call));
  if (!result.ok()) throw Error(Code::unavailable, Text::from_kept(result.reason()));
  const auto answer = nlohmann::json::parse(result.message.json, nullptr, false);
  const auto list = answer.is_object() ? answer.value("templates", nlohmann::json()) : nlohmann::json();
  if (!list.is_array()) throw Error(Code::unavailable, Text("domain.chat.templates_unreadable"));
  const nlohmann::json body = {{"templates", list}};
  co_return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

asio::awaitable<std::optional<File>> Chats::file(Id attachment) {
  auto work = [=, this](store::Session& session) {
    Context context(session, parts_.ids, parts_.clock);
    AttachmentTable table(context);
    return std::pair(table.find(attachment), table.chat_of(attachment));
  };
  const auto [found, chat] = co_await parts_.store.read(std::move(work));
  if (!found) co_return std::nullopt;
  File file;
  file.chat = *chat;
  file.state = found->state;
  file.name = found->name;
  file.type = found->type;
  file.blob = found->blob;
  file.reason = found->reason;
  co_return file;
}

}  // namespace patchbay::domain::chat
