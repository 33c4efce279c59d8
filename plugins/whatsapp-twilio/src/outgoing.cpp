#include "outgoing.hpp"

#include <algorithm>

#include <patchbay/words.hpp>

namespace twilio {
namespace {

using patchbay::string_at;

Json part_of(const Json& request, const char* key) {
  return request.contains(key) ? request.at(key) : Json();
}

// "HX" and 32 hexadecimal digits.
bool is_template_id(const std::string& id) {
  return id.size() == 34 && id.rfind("HX", 0) == 0 &&
         id.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
}

void add_template(Form& form, const Json& chosen) {
  const std::string id = string_at(chosen, "id");
  if (!is_template_id(id)) throw failure(PB_INVALID, "twilio.template_id", {{"id", id}});
  form.add("ContentSid", id);
  const Json variables = chosen.value("variables", Json::object());
  if (variables.is_object() && !variables.empty()) form.add("ContentVariables", patchbay::to_text(variables));
}

// A card would need a file; as words it is readable everywhere (CHAT-12).
std::string card_text(const Json& contact) {
  std::string out;
  for (const char* key : {"name", "phone", "email"}) {
    patchbay::add_line(out, string_at(contact, key));
  }
  return out;
}

// WhatsApp shows what stands behind the bar under the pin, and wants some text beside it.
void add_place(Form& form, std::string& text, const Json& place) {
  const std::string title = string_at(place, "title", string_at(place, "address"));
  std::string action = "geo:" + place.at("latitude").dump() + "," + place.at("longitude").dump();
  if (!title.empty()) action += "|" + title;
  form.add("PersistentAction", action);
  if (text.empty()) text = title.empty() ? "📍" : title;
}

}  // namespace

std::optional<Form> outgoing(const Json& request, const Account& account) {
  Form form;
  form.add("To", "whatsapp:" + string_at(request.at("conversation"), "id")).add("From", account.address());
  if (const Json chosen = part_of(request, "template"); chosen.is_object()) {
    add_template(form, chosen);
    return form;
  }
  std::string text = string_at(request, "text");
  const Json files = part_of(request, "attachments");
  if (files.is_array() && files.size() > 1) throw failure(PB_INVALID, "twilio.several_files");
  const bool has_file = files.is_array() && !files.empty();
  const Json place = part_of(request, "location");
  const Json contact = part_of(request, "contact");
  const bool has_place = place.is_object() && place.contains("latitude") && place.contains("longitude");
  if (contact.is_object() && !contact.empty()) text += (text.empty() ? "" : "\n") + card_text(contact);
  if (has_place) add_place(form, text, place);
  if (!has_file && text.empty()) throw failure(PB_INVALID, "twilio.nothing_to_send");
  if (!has_file && patchbay::is_blank(text)) return std::nullopt;
  if (!patchbay::is_blank(text)) form.add("Body", text);
  return form;
}

}  // namespace twilio
