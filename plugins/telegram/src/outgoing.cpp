#include "outgoing.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "using.hpp"

namespace telegram {
namespace {

constexpr std::int64_t kLargestPhoto = 10 << 20;
constexpr std::size_t kLargestAlbum = 10;
constexpr std::size_t kLongestData = 64;

// How a file goes out: by which method, as which field, and with which others it may share an album.
struct Way {
  const char* method;
  const char* field;
  char album;  // 'v' pictures and videos, 'd' documents, 'a' music, 0 alone
  bool caption;
};

constexpr Way kPhoto = {"sendPhoto", "photo", 'v', true};
constexpr Way kVideo = {"sendVideo", "video", 'v', true};
constexpr Way kAudio = {"sendAudio", "audio", 'a', true};
constexpr Way kVoice = {"sendVoice", "voice", 0, true};
constexpr Way kAnimation = {"sendAnimation", "animation", 0, true};
constexpr Way kSticker = {"sendSticker", "sticker", 0, false};
constexpr Way kDocument = {"sendDocument", "document", 'd', true};
constexpr Way kGrouped[] = {kPhoto, kVideo, kAudio, kDocument};

bool one_of(const std::string& type, std::initializer_list<std::string_view> types) {
  return std::find(types.begin(), types.end(), type) != types.end();
}

// What Telegram would not show as its kind goes as a document, which takes every type.
Way way_of(const Json& file) {
  const std::string kind = text_of(file, "kind");
  const std::string type = text_of(file, "type");
  if (kind == "image" && one_of(type, {"image/jpeg", "image/png", "image/webp", "image/bmp"})) {
    return number_of(file, "size").value_or(0) <= kLargestPhoto ? kPhoto : kDocument;
  }
  if (kind == "video" && one_of(type, {"video/mp4", "video/quicktime"})) return kVideo;
  if (kind == "audio" || kind == "voice") {
    if (kind == "voice" && one_of(type, {"audio/ogg", "audio/opus", "audio/mpeg", "audio/mp4"}))
      return kVoice;
    if (one_of(type, {"audio/mpeg", "audio/mp3", "audio/mp4", "audio/x-m4a", "audio/m4a"})) return kAudio;
  }
  if ((kind == "animation" || kind == "image") && type == "image/gif") return kAnimation;
  if (kind == "animation" && type == "video/mp4") return kAnimation;
  if (kind == "sticker" && one_of(type, {"image/webp", "video/webm", "application/x-tgsticker"}))
    return kSticker;
  return kDocument;
}

ApiFile file_of(const Json& file, std::string part) {
  std::string name = text_of(file, "name");
  std::string type = text_of(file, "type");
  if (name.empty()) name = "file";
  if (type.empty()) type = "application/octet-stream";
  const std::int64_t size = number_of(file, "size").value_or(0);
  return {std::move(part), text_of(file, "blob"), std::move(name), std::move(type), size};
}

ApiCall single(const Json& file, const Way& way, const std::string& caption) {
  ApiCall call(way.method, Effect::acts);
  put(call.arguments, "caption", caption);
  call.files.push_back(file_of(file, way.field));
  return call;
}

ApiCall album(const std::vector<std::pair<Way, const Json*>>& files, const std::string& caption) {
  ApiCall call("sendMediaGroup", Effect::acts);
  Json media = Json::array();
  for (const auto& [way, file] : files) {
    const std::string part = "file" + std::to_string(media.size());
    Json item = {{"type", way.field}, {"media", "attach://" + part}};
    if (media.empty()) put(item, "caption", caption);
    media.push_back(std::move(item));
    call.files.push_back(file_of(*file, part));
  }
  call.arguments["media"] = std::move(media);
  return call;
}

// The files of an album, each by a call of its own; the first one keeps what is answered.
std::vector<ApiCall> singles_of(const ApiCall& album) {
  std::vector<ApiCall> singles;
  Json common = album.arguments;
  common.erase("media");
  for (const Json& item : album.arguments.at("media")) {
    const std::string field = text_of(item, "type");
    const Way* way = std::find_if(std::begin(kGrouped), std::end(kGrouped),
                                  [&](const Way& each) { return each.field == field; });
    ApiCall call(way->method, Effect::acts, common);
    put(call.arguments, "caption", text_of(item, "caption"));
    call.files.push_back(album.files[singles.size()]);
    call.files.front().part = field;
    singles.push_back(std::move(call));
    common.erase("reply_parameters");
  }
  return singles;
}

// Consecutive files that may share an album make one call.
std::vector<ApiCall> file_calls(const Json& attachments, std::string& caption) {
  std::vector<ApiCall> calls;
  std::vector<std::pair<Way, const Json*>> run;
  const auto flush = [&] {
    if (run.empty()) return;
    const bool captioned = run.front().first.caption;
    const std::string words = captioned ? std::exchange(caption, {}) : std::string();
    calls.push_back(run.size() == 1 ? single(*run.front().second, run.front().first, words)
                                    : album(run, words));
    run.clear();
  };
  for (const Json& file : attachments) {
    const Way way = way_of(file);
    if (!run.empty() &&
        (way.album == 0 || way.album != run.front().first.album || run.size() == kLargestAlbum))
      flush();
    run.emplace_back(way, &file);
  }
  flush();
  return calls;
}

ApiCall location_call(const Json& location) {
  const std::string title = text_of(location, "title");
  const std::string address = text_of(location, "address");
  ApiCall call(title.empty() && address.empty() ? "sendLocation" : "sendVenue", Effect::acts);
  call.arguments = {{"latitude", member(location, "latitude")}, {"longitude", member(location, "longitude")}};
  if (call.method == "sendVenue") {  // it wants both
    call.arguments["title"] = title.empty() ? address : title;
    call.arguments["address"] = address.empty() ? title : address;
  }
  return call;
}

ApiCall text_call(const std::string& text) {
  return {"sendMessage", Effect::acts, {{"text", text}}};
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// A card needs a number; without one it is readable text (CHAT-12).
ApiCall contact_call(const Json& contact) {
  const std::string name = text_of(contact, "name");
  const std::string phone = text_of(contact, "phone");
  const std::string email = text_of(contact, "email");
  if (phone.empty()) return text_call(name + (name.empty() || email.empty() ? "" : "\n") + email);
  ApiCall call("sendContact", Effect::acts);
  call.arguments = {{"phone_number", phone}, {"first_name", name.empty() ? phone : name}};
  if (!email.empty() && email.find('\n') == std::string::npos && name.find('\n') == std::string::npos) {
    call.arguments["vcard"] =
        "BEGIN:VCARD\nVERSION:3.0\nFN:" + name + "\nTEL:" + phone + "\nEMAIL:" + email + "\nEND:VCARD";
  }
  return call;
}

Json keyboard_of(const Json& rows) {
  Json keyboard = Json::array();
  if (!rows.is_array()) return keyboard;
  for (const Json& row : rows) {
    Json keys = Json::array();
    if (!row.is_array()) continue;
    for (const Json& button : row) {
      const std::string title = text_of(button, "title");
      Json key = {{"text", title}};
      std::string data = text_of(button, "data");
      if (has(button, "url")) {
        key["url"] = text_of(button, "url");
      } else {
        if (data.empty()) data = title;
        if (data.size() > kLongestData) throw failure(PB_INVALID, "telegram.button_data", {{"title", title}});
        key["callback_data"] = std::move(data);
      }
      keys.push_back(std::move(key));
    }
    if (!keys.empty()) keyboard.push_back(std::move(keys));
  }
  return keyboard;
}

void add_buttons(std::vector<ApiCall>& calls, const Json& rows) {
  Json keyboard = keyboard_of(rows);
  if (keyboard.empty()) return;
  const bool carried = !calls.empty() && calls.back().method != "sendMediaGroup";
  if (!carried) calls.push_back(text_call("⬇"));  // an album cannot carry any, nor can blanks
  calls.back().arguments["reply_markup"] = {{"inline_keyboard", std::move(keyboard)}};
}

// To the chat, and to its topic where it has some.
void address(ApiCall& call, const Json& conversation) {
  const auto chat = number_of(conversation, "id");
  call.arguments["chat_id"] = chat ? Json(*chat) : Json(text_of(conversation, "id"));
  const Json& facts = member(conversation, "facts");
  for (const char* topic : {"message_thread_id", "direct_messages_topic_id"})
    put(call.arguments, topic, number_of(facts, topic));
}

}  // namespace

std::vector<ApiCall> calls_for(const Json& request) {
  std::string text = text_of(request, "text");
  const Json& attachments = member(request, "attachments");
  const Json& location = member(request, "location");
  const Json& contact = member(request, "contact");

  std::vector<ApiCall> calls;
  if (attachments.is_array()) calls = file_calls(attachments, text);
  if (!is_blank(text)) calls.push_back(text_call(text));
  if (location.is_object() && !location.empty()) calls.push_back(location_call(location));
  if (contact.is_object() && !contact.empty()) calls.push_back(contact_call(contact));
  if (calls.empty() && text.empty()) throw failure(PB_INVALID, "telegram.nothing_to_send");

  add_buttons(calls, member(request, "buttons"));
  if (calls.empty()) return calls;
  if (const auto reply_to = number_of(request, "reply_to")) {
    calls.front().arguments["reply_parameters"] = {{"message_id", *reply_to},
                                                   {"allow_sending_without_reply", true}};
  }
  for (ApiCall& call : calls) address(call, member(request, "conversation"));
  return calls;
}

bool as_document(ApiCall& call) {
  if (call.method != "sendPhoto") return false;
  call.method = "sendDocument";
  call.files.front().part = "document";
  return true;
}

bool take_apart(std::vector<ApiCall>& calls, std::size_t from) {
  std::vector<ApiCall> apart;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (i < from || calls[i].method != "sendMediaGroup") {
      apart.push_back(std::move(calls[i]));
      continue;
    }
    const std::vector<ApiCall> singles = singles_of(calls[i]);
    apart.insert(apart.end(), singles.begin(), singles.end());
  }
  const bool taken = apart.size() > calls.size();  // an album has two files at least
  calls = std::move(apart);
  return taken;
}

}  // namespace telegram
