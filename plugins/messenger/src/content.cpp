#include "content.hpp"

#include <algorithm>
#include <utility>

#include "words.hpp"

namespace messenger {
namespace {

// A kind of attachment whose bytes we can have.
struct Shape {
  const char* type;  // as Meta calls it
  const char* kind;  // as the contract does
};

constexpr Shape kFiles[] = {
    {"image", "image"}, {"video", "video"}, {"audio", "audio"}, {"file", "document"}, {"sticker", "sticker"}};

const char* kind_of(const Json& attachment) {
  if (has(member(attachment, "payload"), "sticker_id")) return "sticker";
  const std::string type = text_of(attachment, "type");
  for (const Shape& shape : kFiles) {
    if (type == shape.type) return shape.kind;
  }
  return nullptr;
}

// Those lines that the text does not say already: the text of a shared link is often the link itself.
void add_fresh_lines(std::string& text, const std::string& lines) {
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    const std::string line = lines.substr(at, end - at);
    if (text.find(line) == std::string::npos) add_line(text, line);
    at = end + 1;
  }
}

// The words of a template: its own, those of its elements, and what its buttons say.
std::string template_words(const Json& payload) {
  std::string words;
  add_line(words, text_of(payload, "text"));
  const Json& elements = member(payload, "elements");
  if (elements.is_array()) {
    for (const Json& element : elements) {
      for (const char* key : {"title", "subtitle", "url"}) add_line(words, text_of(element, key));
    }
  }
  const Json& buttons = member(payload, "buttons");
  if (buttons.is_array()) {
    for (const Json& button : buttons) {
      const std::string title = text_of(button, "title");
      if (!title.empty()) add_line(words, "[" + title + "] " + text_of(button, "url"));
    }
  }
  return words;
}

// An attachment that has no bytes for us, in readable text.
std::string degraded(const Json& attachment) {
  const Json& payload = member(attachment, "payload");
  const std::string type = text_of(attachment, "type");
  std::string words;
  for (const Json* from : {&attachment, &payload}) {
    if (words.empty()) words = text_of(*from, "title");
  }
  if (type == "template") add_line(words, template_words(payload));
  std::string url = text_of(payload, "url");
  if (url.empty()) url = text_of(attachment, "url");
  add_line(words, url);
  return words.empty() ? "[" + (type.empty() ? "attachment" : type) + "]" : words;
}

Json location_of(const Json& attachment) {
  const Json& at = member(member(attachment, "payload"), "coordinates");
  const Json& latitude = member(at, "lat");
  const Json& longitude = member(at, "long");
  if (!latitude.is_number() || !longitude.is_number()) return {};
  const auto within = [](const Json& value, double most) {
    return value.get<double>() >= -most && value.get<double>() <= most;
  };
  if (!within(latitude, 90) || !within(longitude, 180)) return {};
  Json out = {{"latitude", latitude}, {"longitude", longitude}};
  put(out, "title", text_of(attachment, "title"));
  return out;
}

Json file_of(const Json& attachment, const char* kind, const std::string& mid, std::size_t place) {
  const Json& payload = member(attachment, "payload");
  const std::string url = text_of(payload, "url");
  Json out = {{"kind", kind}, {"file", {{"url", url}, {"mid", mid}, {"place", place}}}};
  put(out, "unique_id", id_of(payload, "attachment_id"));
  put(out, "name", file_name_of(url));
  return out;
}

// What the attachments of a message come to.
struct Carried {
  Json files = Json::array();
  Json location;
  std::string text;
  std::string unsupported;
};

// From June to August 2026 a sticker came twice: as itself, and as a picture for old clients.
bool is_shadow(const Json& attachment, const Json& all) {
  if (text_of(attachment, "type") != "image") return false;
  const std::string id = id_of(member(attachment, "payload"), "sticker_id");
  if (id.empty()) return false;
  for (const Json& other : all) {
    if (text_of(other, "type") == "sticker" && id_of(member(other, "payload"), "sticker_id") == id)
      return true;
  }
  return false;
}

void carry(const Json& attachment, const std::string& mid, std::size_t place, Carried& out) {
  if (text_of(attachment, "type") == "location") {
    if (Json at = location_of(attachment); !at.empty()) {
      out.location = std::move(at);
      return;
    }
  }
  const char* const kind = kind_of(attachment);
  if (kind && !text_of(member(attachment, "payload"), "url").empty()) {
    out.files.push_back(file_of(attachment, kind, mid, place));
    return;
  }
  add_line(out.text, degraded(attachment));
  if (text_of(attachment, "type") != "fallback") out.unsupported = text_of(attachment, "type");
}

Carried carried_by(const Json& message) {
  Carried out;
  const Json& all = member(message, "attachments");
  if (!all.is_array()) return out;
  for (std::size_t place = 0; place < all.size(); ++place) {
    if (!is_shadow(all[place], all)) carry(all[place], text_of(message, "mid"), place, out);
  }
  return out;
}

}  // namespace

Json content_of(const Json& message) {
  Json out = {{"id", text_of(message, "mid")}};
  Carried carried = carried_by(message);
  std::string text = text_of(message, "text");
  add_fresh_lines(text, carried.text);
  const bool says = !text.empty() || !carried.files.empty() || !carried.location.empty();
  if (!says) {
    text = english("messenger.not_handed_over");
    carried.unsupported = "unsupported";
  }
  put(out, "text", text);
  put(out, "unsupported", carried.unsupported);
  if (!carried.files.empty()) out["attachments"] = std::move(carried.files);
  if (!carried.location.empty()) out["location"] = std::move(carried.location);
  if (const std::string payload = text_of(member(message, "quick_reply"), "payload"); !payload.empty()) {
    out["button"] = {{"data", payload}, {"title", text_of(message, "text")}};
  }
  if (const std::string mid = text_of(member(message, "reply_to"), "mid"); !mid.empty()) {
    out["reply_to"] = {{"id", mid}};
  }
  put(out, "start_payload", text_of(member(message, "referral"), "ref"));
  return out;
}

}  // namespace messenger
