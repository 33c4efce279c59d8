#include "outgoing.hpp"

#include <algorithm>
#include <utility>

#include "using.hpp"

namespace messenger {
namespace {

using meta::Effect;
using meta::GraphCall;
using meta::GraphFile;

constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;
constexpr std::int64_t kHumanDays = 7;
constexpr std::size_t kMostReplies = 13;
constexpr std::size_t kMostButtons = 3;
constexpr std::size_t kLongestTitle = 20;
constexpr std::size_t kLongestPayload = 1000;
constexpr std::size_t kLongestButtonText = 640;
constexpr std::size_t kLongestMetadata = 1000;

const char* type_of(const Json& file) {
  const std::string kind = text_of(file, "kind");
  const std::string type = text_of(file, "type");
  const bool picture = kind == "image" || kind == "animation" || kind == "sticker";
  if (picture && (type == "image/jpeg" || type == "image/png" || type == "image/gif" || type == "image/webp"))
    return "image";
  if ((kind == "video" || kind == "animation") && type == "video/mp4") return "video";
  if ((kind == "audio" || kind == "voice") && type.compare(0, 6, "audio/") == 0) return "audio";
  return "file";
}

Json file_message(const Json& file) {
  return {{"attachment", {{"type", type_of(file)}, {"payload", {{"is_reusable", false}}}}}};
}

GraphFile upload_of(const Json& file) {
  std::string name = text_of(file, "name");
  std::string type = text_of(file, "type");
  if (name.empty()) name = "file";
  if (type.empty()) type = "application/octet-stream";
  const std::int64_t size = number_of(file, "size").value_or(0);
  return {"filedata", text_of(file, "blob"), std::move(name), std::move(type), size};
}

std::string place_words(const Json& location) {
  std::string words;
  for (const char* key : {"title", "address"}) add_line(words, text_of(location, key));
  const Json& latitude = member(location, "latitude");
  const Json& longitude = member(location, "longitude");
  add_line(words,
           "https://www.google.com/maps/search/?api=1&query=" + latitude.dump() + "," + longitude.dump());
  return words;
}

std::string contact_words(const Json& contact) {
  std::string words;
  for (const char* key : {"name", "phone", "email"}) add_line(words, text_of(contact, key));
  return words;
}

// The buttons of all rows: Messenger knows no rows.
std::vector<Json> buttons_of(const Json& rows) {
  std::vector<Json> out;
  if (!rows.is_array()) return out;
  for (const Json& row : rows) {
    if (!row.is_array()) continue;
    for (const Json& button : row) {
      if (!text_of(button, "title").empty()) out.push_back(button);
    }
  }
  return out;
}

std::string payload_of(const Json& button) {
  std::string data = text_of(button, "data");
  const std::string title = text_of(button, "title");
  if (data.empty()) data = title;
  if (data.size() > kLongestPayload) throw failure(PB_INVALID, "messenger.button_data", {{"title", title}});
  return data;
}

Json quick_reply(const Json& button) {
  return {{"content_type", "text"},
          {"title", excerpt(text_of(button, "title"), kLongestTitle)},
          {"payload", payload_of(button)}};
}

Json template_button(const Json& button) {
  const std::string title = excerpt(text_of(button, "title"), kLongestTitle);
  if (has(button, "url")) return {{"type", "web_url"}, {"url", text_of(button, "url")}, {"title", title}};
  return {{"type", "postback"}, {"title", title}, {"payload", payload_of(button)}};
}

bool fits_template(const std::string& text, const std::vector<Json>& buttons) {
  return !is_blank(text) && text.size() <= kLongestButtonText && buttons.size() <= kMostButtons;
}

Json template_message(const std::string& text, const std::vector<Json>& buttons) {
  Json keys = Json::array();
  for (const Json& button : buttons) keys.push_back(template_button(button));
  const Json payload = {{"template_type", "button"}, {"text", text}, {"buttons", std::move(keys)}};
  return {{"attachment", {{"type", "template"}, {"payload", payload}}}};
}

// Puts the buttons under the last message; addresses that no template can hold become lines of text.
void add_buttons(std::vector<Json>& messages, std::string text, const std::vector<Json>& buttons) {
  const bool opens =
      std::any_of(buttons.begin(), buttons.end(), [](const Json& each) { return has(each, "url"); });
  if (opens && fits_template(text, buttons)) {
    messages.push_back(template_message(text, buttons));
    return;
  }
  Json replies = Json::array();
  for (const Json& button : buttons) {
    if (has(button, "url"))
      add_line(text, text_of(button, "title") + ": " + text_of(button, "url"));
    else
      replies.push_back(quick_reply(button));
  }
  if (replies.size() > kMostReplies)
    throw failure(PB_INVALID, "messenger.too_many_buttons", {{"max", kMostReplies}});
  if (!is_blank(text)) messages.push_back({{"text", text}});
  if (!replies.empty() && !messages.empty()) messages.back()["quick_replies"] = std::move(replies);
}

void refuse_closed(const Window& window) {
  if (!window.type.empty()) return;
  throw failure(PB_INVALID, window.human_agent ? "messenger.week_closed" : "messenger.window_closed");
}

}  // namespace

Window::Window(const Json& conversation, std::int64_t now_ms, bool human_agent_)
    : type("RESPONSE"), human_agent(human_agent_) {
  // Facts are those of what arrived last, which may be older than what came before it; the host knows the
  // newest message, and facts the presses and reactions.
  const auto acted = number_of(member(conversation, "facts"), "user_at");
  const auto wrote = unix_ms_of(text_of(conversation, "last_incoming_at"));
  const auto last = std::max(acted, wrote);
  if (!last || now_ms - *last <= kDayMs) return;
  type = human_agent && now_ms - *last <= kHumanDays * kDayMs ? "MESSAGE_TAG" : "";
}

std::vector<GraphCall> calls_for(const Json& request, const std::string& page, const Window& window) {
  std::vector<Json> messages;
  std::vector<GraphCall> calls;
  std::string text = text_of(request, "text");
  const Json& attachments = member(request, "attachments");
  if (attachments.is_array()) {
    for (const Json& file : attachments) messages.push_back(file_message(file));
  }
  const std::size_t files = messages.size();
  if (const Json& place = member(request, "location"); place.is_object() && !place.empty())
    add_line(text, place_words(place));
  if (const Json& card = member(request, "contact"); card.is_object() && !card.empty())
    add_line(text, contact_words(card));
  add_buttons(messages, text, buttons_of(member(request, "buttons")));
  if (messages.empty() && text.empty()) throw failure(PB_INVALID, "messenger.nothing_to_send");
  refuse_closed(window);

  const std::string reply_to = text_of(request, "reply_to");
  const std::string key = text_of(request, "idempotency_key").substr(0, kLongestMetadata);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    GraphCall call("POST", page + "/messages", Effect::acts);
    put(messages[i], "metadata", key);
    call.body = {{"recipient", {{"id", text_of(member(request, "conversation"), "id")}}},
                 {"messaging_type", window.type},
                 {"message", std::move(messages[i])}};
    if (window.type == "MESSAGE_TAG") call.body["tag"] = "HUMAN_AGENT";
    if (i == 0 && !reply_to.empty()) call.body["reply_to"] = {{"mid", reply_to}};
    if (i < files) call.files.push_back(upload_of(attachments[i]));
    calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace messenger
