#include "answer.hpp"

#include <utility>

#include "using.hpp"
#include "words.hpp"

namespace webchat {
namespace {

Json buttons_of(const Json& rows) {
  Json out = Json::array();
  for (const Json& row : rows.is_array() ? rows : Json::array()) {
    Json line = Json::array();
    for (const Json& button : row.is_array() ? row : Json::array()) {
      const std::string title = text_of(button, "title");
      const std::string url = text_of(button, "url");
      if (title.empty() || (!url.empty() && !is_safe_link(url))) continue;
      Json shown = {{"title", title}};
      if (url.empty())
        shown["data"] = text_of(button, "data");
      else
        shown["url"] = url;
      line.push_back(std::move(shown));
    }
    if (!line.empty()) out.push_back(std::move(line));
  }
  return out;
}

}  // namespace

SharedFile::SharedFile(Json about, std::string url, std::string until) {
  json_ = Json{{"url", std::move(url)}, {"until", std::move(until)}};
  for (const char* key : {"name", "type", "size", "kind"}) {
    if (!member(about, key).is_null()) json_[key] = about[key];
  }
}

Json answer_of(const Json& request, const std::vector<SharedFile>& files, const std::string& at) {
  Json answer = {{"type", "message"}, {"id", text_of(request, "idempotency_key")}, {"at", at}};
  std::string text = text_of(request, "text");
  const Json& contact = member(request, "contact");
  for (const char* key : {"name", "phone", "email"}) add_line(text, text_of(contact, key));
  if (!text.empty()) answer["text"] = text;
  for (const SharedFile& file : files) answer["files"].push_back(file.json());
  if (Json buttons = buttons_of(member(request, "buttons")); !buttons.empty()) answer["buttons"] = buttons;
  if (const Json& place = member(request, "location"); place.is_object()) answer["location"] = place;
  const std::string session = text_of(member(request, "conversation"), "id");
  const std::string reply_to = short_id(session, text_of(request, "reply_to"));
  if (!reply_to.empty()) answer["reply_to"] = reply_to;
  return answer;
}

bool says_something(const Json& answer) {
  return answer.contains("text") || answer.contains("files") || answer.contains("location");
}

std::string short_id(const std::string& session, const std::string& full_id) {
  const std::string front = session + "/";
  return full_id.compare(0, front.size(), front) == 0 ? full_id.substr(front.size()) : std::string();
}

}  // namespace webchat
