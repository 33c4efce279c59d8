#include "translate.hpp"

#include <algorithm>
#include <charconv>

#include <patchbay/types.hpp>

#include "codes.hpp"
#include "content.hpp"
#include "times.hpp"

namespace twilio {
namespace {

bool is_phone(const std::string& text) {
  return text.size() > 1 && text[0] == '+' &&
         std::all_of(text.begin() + 1, text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Somebody on WhatsApp: by number, by business-scoped user id (people may hide their number), or both.
struct Person {
  explicit Person(const Form& form)
      : user_id(form.text("ExternalUserId")), parent_id(form.text("ParentExternalUserId")) {
    const std::string address = without_channel(form.text("From"));
    const std::string by_digits = "+" + form.text("WaId");
    if (is_phone(address)) {
      phone = address;
    } else if (is_phone(by_digits)) {
      phone = by_digits;
    }
    if (user_id.empty() && !is_phone(address)) user_id = address;
  }
  // What the conversation is called. The number where it is known: Twilio's list of messages knows no other.
  const std::string& id() const { return phone.empty() ? user_id : phone; }

  std::string phone;
  std::string user_id;
  std::string parent_id;
};

Json event(const std::string& type, const std::string& key, Json data) {
  const Json order = data.at("conversation").at("id");
  return {{"type", type}, {"dedupe_key", key}, {"order_key", order}, {"data", std::move(data)}};
}

Json conversation_of(const Form& form, const Person& person) {
  Json conversation = {{"id", person.id()}, {"kind", "private"}};
  // Absent leaves a name that is known: the list of messages has none.
  if (form.has("ProfileName")) conversation["title"] = form.text("ProfileName");
  Json facts = Json::object();
  if (!person.phone.empty()) facts["phone"] = person.phone;
  if (!person.user_id.empty()) facts["user_id"] = person.user_id;
  if (!person.parent_id.empty()) facts["parent_user_id"] = person.parent_id;
  conversation["facts"] = std::move(facts);
  return conversation;
}

Json author_of(const Form& form, const Person& person) {
  Json author = {{"id", person.id()}, {"is_bot", false}};
  if (form.has("ProfileName")) author["name"] = form.text("ProfileName");
  if (!person.phone.empty()) author["phone"] = person.phone;
  if (form.has("ProfileUsername")) author["username"] = form.text("ProfileUsername");
  return author;
}

std::string sid_of(const Form& form) {
  for (const char* name : {"MessageSid", "SmsMessageSid", "SmsSid"}) {
    if (form.has(name)) return form.text(name);
  }
  return "";
}

std::string time_of(const Form& form, const std::string& received_at) {
  const auto sent = parse_rfc2822(form.text("DateSent"));
  return sent ? patchbay::rfc3339(*sent) : received_at;
}

// A reply by a button of a template or by a line of a list.
bool is_press(const Form& form) {
  return form.has("ButtonPayload") || form.has("ButtonText") || form.has("ListId");
}

Json press_of(const Form& form, const Person& person, const std::string& sid, const std::string& at) {
  const bool list = form.has("ListId");
  const std::string data = form.text(list ? "ListId" : "ButtonPayload");
  std::string title = form.text(list ? "ListTitle" : "ButtonText");
  if (title.empty()) title = form.has("Body") ? form.text("Body") : data;
  Json out = {{"conversation", conversation_of(form, person)},
              {"author", author_of(form, person)},
              {"press_id", sid},
              {"data", data.empty() ? title : data},
              {"title", title},
              {"at", at}};
  if (form.has("OriginalRepliedMessageSid")) out["message_id"] = form.text("OriginalRepliedMessageSid");
  return out;
}

int code_of(const std::string& text) {
  int code = 0;
  std::from_chars(text.data(), text.data() + text.size(), code);
  return code;
}

std::string state_of(const std::string& status) {
  if (status == "sent" || status == "delivered" || status == "read") return status;
  return status == "failed" || status == "undelivered" ? "failed" : "";
}

Json reason_of(const Form& form) {
  const std::string words =
      form.has("ErrorMessage") ? form.text("ErrorMessage") : form.text("ChannelStatusMessage");
  const CodeText text(code_of(form.text("ErrorCode")), words);
  Json reason = in_all_languages(text.id, text.args);
  if (!is_text(text.id + ".remedy")) return reason;
  const Json remedy = in_all_languages(text.id + ".remedy", text.args);
  for (const auto& [language, said] : remedy.items())
    reason[language] = reason[language].get<std::string>() + ". " + said.get<std::string>();
  return reason;
}

}  // namespace

std::string without_channel(const std::string& address) {
  constexpr std::string_view kChannel = "whatsapp:";
  return address.rfind(kChannel, 0) == 0 ? address.substr(kChannel.size()) : address;
}

std::string card_address(const Form& form) {
  const std::string type = form.text("MediaContentType0");
  const bool is_card = type.rfind("text/vcard", 0) == 0 || type.rfind("text/x-vcard", 0) == 0;
  return is_card ? form.text("MediaUrl0") : std::string();
}

Json translate_message(const Form& form, const std::string& received_at) {
  Json events = Json::array();
  const Person person(form);
  const std::string sid = sid_of(form);
  if (person.id().empty() || sid.empty()) return events;
  if (!person.phone.empty() && !person.user_id.empty() && person.phone != person.user_id) {
    // The chat by user id goes on as the one by number, now and whenever the number is hidden later.
    Json data = {{"conversation", {{"id", person.user_id}}}, {"moved_to", person.phone}};
    events.push_back(event("conversation.changed", "same:" + person.user_id + ":" + person.phone, data));
    events.back()["order_key"] = person.id();
  }
  const std::string at = time_of(form, received_at);
  if (is_press(form)) {
    events.push_back(event("button.pressed", "message:" + sid, press_of(form, person, sid, at)));
    return events;
  }
  Json data = {{"conversation", conversation_of(form, person)},
               {"author", author_of(form, person)},
               {"message", content_of(form, sid)},
               {"at", at}};
  events.push_back(event("message.received", "message:" + sid, std::move(data)));
  return events;
}

Json translate_status(const Form& form, const std::string& received_at) {
  Json events = Json::array();
  const std::string sid = sid_of(form);
  const std::string to = without_channel(form.text("To"));
  const std::string status = form.has("MessageStatus") ? form.text("MessageStatus") : form.text("SmsStatus");
  const std::string state = state_of(status);
  if (sid.empty() || to.empty() || state.empty()) return events;
  Json data = {{"conversation", {{"id", to}}},
               {"message_ids", {sid}},
               {"state", state},
               {"at", time_of(form, received_at)}};
  if (state == "failed") data["reason"] = reason_of(form);
  const Json reason = data.value("reason", Json());
  events.push_back(event("message.status", "status:" + sid + ":" + state, std::move(data)));
  if (state == "failed" && meaning_of(code_of(form.text("ErrorCode"))) == Meaning::person) {
    Json change = {{"conversation", {{"id", to}}}, {"reachable", false}, {"reason", reason}};
    events.push_back(event("conversation.changed", "unreachable:" + sid, std::move(change)));
  }
  return events;
}

}  // namespace twilio
