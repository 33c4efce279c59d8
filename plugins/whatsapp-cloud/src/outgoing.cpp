#include "outgoing.hpp"

#include <utility>

#include "buttons.hpp"
#include "person.hpp"
#include "templates.hpp"

namespace whatsapp {
namespace {

constexpr std::size_t kLongestKey = 512;  // of biz_opaque_callback_data

// As WhatsApp calls the kind of a file.
std::string type_of(const Json& file) {
  const std::string kind = text_of(file, "kind");
  if (kind == "voice") return "audio";
  if (kind == "animation") return "video";
  return kind.empty() ? "document" : kind;
}

bool may_be_header(const std::string& type) {
  return type == "image" || type == "video" || type == "document";
}

Json media_of(const Json& file, const std::string& media, const std::string& type) {
  Json out = {{"id", media}};
  if (type == "document") put(out, "filename", text_of(file, "name"));
  return out;
}

void set(Json& message, const char* type, Json content) {
  message["type"] = type;
  message[type] = std::move(content);
}

Json place_of(const Json& location) {
  Json out = {{"latitude", location.at("latitude")}, {"longitude", location.at("longitude")}};
  put(out, "name", text_of(location, "title"));
  put(out, "address", text_of(location, "address"));
  return out;
}

Json card_of(const Json& contact) {
  std::string name = text_of(contact, "name");
  const std::string phone = text_of(contact, "phone");
  const std::string email = text_of(contact, "email");
  if (name.empty()) name = phone.empty() ? email : phone;
  Json out = {{"name", {{"formatted_name", name}, {"first_name", name}}}};
  if (!phone.empty()) out["phones"] = {{{"phone", phone}}};
  if (!email.empty()) out["emails"] = {{{"email", email}}};
  return Json::array({std::move(out)});
}

void set_text(Json& message, const std::string& text) {
  set(message, "text", {{"body", text}, {"preview_url", text.find("://") != std::string::npos}});
}

// WhatsApp shows buttons under words; where there are none, the file's name stands for them.
void set_file(Json& message, const Json& request, const Json& file, const std::string& media) {
  const std::string type = type_of(file);
  std::string text = text_of(request, "text");
  Json content = media_of(file, media, type);
  if (text_of(file, "kind") == "voice") content["voice"] = true;
  const Json& rows = member(request, "buttons");
  if (rows.is_array() && !rows.empty()) {
    if (!may_be_header(type)) throw failure(PB_INVALID, "whatsapp.buttons_need_words");
    std::string words = is_blank(text) ? text_of(file, "name") : text;
    Buttons buttons(rows, words.empty() ? "…" : std::move(words), {{"type", type}, {type, content}});
    if (!buttons.interactive.is_null()) return set(message, "interactive", std::move(buttons.interactive));
    text = std::move(buttons.text);
  }
  if (!is_blank(text) && may_be_header(type)) content["caption"] = text;
  set(message, type.c_str(), std::move(content));
}

// False: there is nothing to see.
bool set_words(Json& message, const Json& request) {
  std::string text = text_of(request, "text");
  const Json& place = member(request, "location");
  const Json& contact = member(request, "contact");
  const bool has_place = place.is_object() && place.contains("latitude") && place.contains("longitude");
  if (has_place && is_blank(text)) {
    set(message, "location", place_of(place));
    return true;
  }
  if (contact.is_object() && !contact.empty() && is_blank(text)) {
    set(message, "contacts", card_of(contact));
    return true;
  }
  Buttons buttons(member(request, "buttons"), std::move(text), Json());
  if (!buttons.interactive.is_null()) {
    set(message, "interactive", std::move(buttons.interactive));
    return true;
  }
  if (buttons.text.empty()) throw failure(PB_INVALID, "whatsapp.nothing_to_send");
  if (is_blank(buttons.text)) return false;
  set_text(message, buttons.text);
  return true;
}

}  // namespace

Json file_of(const Json& request) {
  const Json& files = list_of(request, "attachments");
  if (files.size() > 1) throw failure(PB_INVALID, "whatsapp.several_files");
  return files.empty() || has(request, "template") ? Json() : files.front();
}

std::optional<Json> message_for(const Json& request, const std::string& media) {
  const std::string to = text_of(member(request, "conversation"), "id");
  Json message = {{"messaging_product", "whatsapp"}, {"recipient_type", "individual"}};
  // Who hides the number is called by the business-scoped user id.
  message[phone_of(to).empty() ? "recipient" : "to"] = to;
  put(message, "biz_opaque_callback_data", text_of(request, "idempotency_key").substr(0, kLongestKey));
  if (const std::string reply_to = text_of(request, "reply_to"); !reply_to.empty())
    message["context"] = {{"message_id", reply_to}};
  const Json file = file_of(request);
  if (const Json& chosen = member(request, "template"); chosen.is_object()) {
    set(message, "template", chosen_template(chosen));
  } else if (file.is_object()) {
    set_file(message, request, file, media);
  } else if (!set_words(message, request)) {
    return std::nullopt;
  }
  return message;
}

}  // namespace whatsapp
