#include "web/api/messages.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/rfc3339.hpp"
#include "domain/chat/render.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
namespace chat = domain::chat;
using nlohmann::json;

namespace {

constexpr std::size_t kPortion = 200;  // messages read at once for an export

Doc with_filters(Doc doc) {
  return std::move(doc.query("text",
                             "Words, also the beginnings of longer ones, and \"phrases\"; all must be there",
                             R"({"type": "string", "maxLength": 1000})")
                       .query("client", "Of chats of this client", Doc::kId)
                       .query("integration", "Of this channel", Doc::kId)
                       .query("queue", "Of chats in this queue", Doc::kId)
                       .query("operator", "Of chats that this user has or had at the end", Doc::kId)
                       .query("from", "Since then", R"({"type": "string", "format": "date-time"})")
                       .query("to", "Before then", R"({"type": "string", "format": "date-time"})"));
}

chat::Wanted wanted_of(const Call& call) {
  chat::Wanted wanted;
  wanted.text = call.query("text").value_or("");
  wanted.client = call.query_id("client");
  wanted.integration = call.query_id("integration");
  wanted.queue = call.query_id("queue");
  wanted.owner = call.query_id("operator");
  wanted.from = query_time(call, "from");
  wanted.to = query_time(call, "to");
  return wanted;
}

// RFC 4180. What a spreadsheet would take for a formula is marked as text.
void append_cell(std::string& out, std::string_view cell, bool last = false) {
  out += '"';
  if (!cell.empty() && std::string_view("=+-@\t\r").find(cell.front()) != std::string_view::npos) out += '\'';
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += last ? "\"\r\n" : "\",";
}

std::string csv_of(const chat::Message& message) {
  std::string files;
  for (const auto& file : message.attachments) files += (files.empty() ? "" : ", ") + file.name;
  std::string out;
  append_cell(out, to_rfc3339(TimePoint(Duration(message.provider_at))));
  append_cell(out, to_string_id(message.chat));
  append_cell(out, message.outgoing ? "out" : "in");
  append_cell(out, message.author ? message.author->name : "");
  append_cell(out, message.sender ? to_string_id(*message.sender) : "");
  append_cell(out, message.text);
  append_cell(out, files);
  append_cell(out, chat::delivery_name(message.state), true);
  return out;
}

// All that was found, newest first, read as it is sent.
class Export final : public BodySource {
 public:
  Export(chat::Search& search, chat::Wanted wanted, bool csv, std::string language)
      : search_(search), wanted_(std::move(wanted)), csv_(csv), language_(std::move(language)) {}

  std::optional<std::uint64_t> size() const override { return std::nullopt; }

  asio::awaitable<std::string> next() override {
    std::string out;
    // A byte order mark, so that spreadsheets read it as UTF-8.
    if (csv_ && !std::exchange(begun_, true))
      out =
          "\xef\xbb\xbf\"at\",\"chat\",\"direction\",\"author\",\"operator\",\"text\",\"files\","
          "\"state\"\r\n";
    if (ended_) co_return out;
    auto finding = search_.find(wanted_, cursor_, kPortion);
    const auto page = co_await std::move(finding);
    for (const auto& message : page.items)
      out += csv_ ? csv_of(message) : chat::to_json(message, language_).dump() + "\n";
    ended_ = !page.next;
    cursor_ = page.next.value_or("");
    co_return out;
  }

 private:
  chat::Search& search_;
  const chat::Wanted wanted_;
  const bool csv_;
  const std::string language_;
  std::string cursor_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace

void MessagesApi::add_to(Router& router) {
  const std::string path = "/api/v1/messages";
  router.add(Operation::read_chats, Verb::get, path, bound(this, &MessagesApi::find),
             with_filters(Doc("Search messages, newest first"))
                 .lists(R"({"$ref": "#/components/schemas/Message"})"));
  router.add(
      Operation::read_chats, Verb::get, "/api/v1/export/messages", bound(this, &MessagesApi::take),
      with_filters(Doc("Export messages, newest first"))
          .query("format", "Lines of JSON, or a table", R"({"type": "string", "enum": ["jsonl", "csv"]})")
          .answers(200, "The messages", {}, "application/x-ndjson")
          .answers(200, "The messages", {}, "text/csv"));
}

asio::awaitable<Response> MessagesApi::find(Call call) {
  auto finding = search_.find(wanted_of(call), call.query("cursor").value_or(""), call.limit());
  const auto page = co_await std::move(finding);
  auto items = json::array();
  for (const auto& message : page.items) items.push_back(chat::to_json(message, call.language()));
  co_return answer(200, {{"items", std::move(items)}, {"next", page.next ? json(*page.next) : json()}});
}

asio::awaitable<Response> MessagesApi::take(Call call) {
  const bool csv = call.query("format").value_or("jsonl") == "csv";
  auto wanted = wanted_of(call);
  // What is wrong with the wish is said before anything is sent.
  auto trying = search_.find(wanted, "", 1);
  co_await std::move(trying);
  Response response(200);
  response.type = csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
  response.headers.add("content-disposition", csv ? "attachment; filename=\"messages.csv\""
                                                  : "attachment; filename=\"messages.jsonl\"");
  response.headers.add("cache-control", "no-store");
  response.source = std::make_shared<Export>(search_, std::move(wanted), csv, call.language());
  co_return response;
}

}  // namespace patchbay::web
