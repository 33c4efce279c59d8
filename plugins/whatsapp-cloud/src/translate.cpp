#include "translate.hpp"

#include <cstdint>
#include <utility>

#include "content.hpp"
#include "dialect.hpp"
#include "person.hpp"

namespace whatsapp {
namespace {

// One value of a change: the messages and statuses of one number.
class Value {
 public:
  Value(const Json& json, const Arrival& arrival)
      : json_(json), arrival_(arrival), contacts_(list_of(json, "contacts")) {}

  void translate(Json& events) const {
    for (const Json& each : list_of(json_, "messages")) add_message(events, each);
    for (const Json& each : list_of(json_, "message_echoes")) add_echo(events, each);
    for (const Json& each : list_of(json_, "statuses")) add_status(events, each);
  }

 private:
  // Meta counts seconds.
  std::string at(const Json& item) const {
    const auto seconds = number_of(item, "timestamp");
    const bool sane = seconds && *seconds > 0 && *seconds < 1'000'000'000'000;
    return sane ? time_text(*seconds * 1000) : arrival_.received_at;
  }

  static void add(Json& events, const char* type, const std::string& key, Json data,
                  const std::string& order) {
    events.push_back({{"type", type}, {"dedupe_key", key}, {"order_key", order}, {"data", std::move(data)}});
  }

  static Json conversation(const Person& person) {
    Json out = {{"id", person.id()}, {"kind", "private"}, {"facts", person.facts()}};
    put(out, "title", person.name);  // absent leaves a name that is known
    return out;
  }

  // The chat by user id goes on as the one by number, now and whenever the number is hidden later.
  static void join(Json& events, const Person& person) {
    if (!person.is_known_twice()) return;
    add(events, "conversation.changed", "same:" + person.user_id + ":" + person.phone,
        {{"conversation", {{"id", person.user_id}}}, {"moved_to", person.phone}}, person.phone);
  }

  void add_message(Json& events, const Json& message) const {
    const Person person = Person::author_of(message, contacts_);
    const std::string id = text_of(message, "id");
    const std::string type = text_of(message, "type");
    const Json& system = member(message, "system");
    const bool is_fresh_user_id = type == "system" && text_of(system, "type") == "user_changed_user_id";
    if (is_fresh_user_id) return add_fresh_user_id(events, system, person, id);
    if (person.id().empty() || id.empty()) return;
    join(events, person);
    if (type == "edit" || type == "revoke") return add_change(events, message, person, false);
    if (type == "system") add_move(events, system, person, id);
    if (const Json press = press_in(message); press.is_object()) {
      Json data = {{"conversation", conversation(person)},
                   {"author", person.author()},
                   {"press_id", id},
                   {"data", press["data"]},
                   {"title", press["title"]},
                   {"at", at(message)}};
      put(data, "message_id", text_of(member(message, "context"), "id"));
      return add(events, "button.pressed", "message:" + id, std::move(data), person.id());
    }
    Json data = {{"conversation", conversation(person)},
                 {"author", person.author()},
                 {"message", content_of(message, id)},
                 {"at", at(message)}};
    add(events, "message.received", "message:" + id, std::move(data), person.id());
  }

  Json our_people() const {
    return {{"id", "number:" + arrival_.phone_number_id}, {"name", "WhatsApp Business"}, {"is_bot", false}};
  }

  // What our people wrote in the WhatsApp Business app on their phone.
  void add_echo(Json& events, const Json& message) const {
    const Person person = Person::receiver_of(message, "to", "to_user_id", contacts_);
    const std::string id = text_of(message, "id");
    const std::string type = text_of(message, "type");
    if (person.id().empty() || id.empty()) return;
    join(events, person);
    if (type == "edit" || type == "revoke") return add_change(events, message, person, true);
    Json data = {{"conversation", conversation(person)},
                 {"author", our_people()},
                 {"message", content_of(message, id)},
                 {"from_us", true},
                 {"at", at(message)}};
    add(events, "message.received", "message:" + id, std::move(data), person.id());
  }

  // An edit or a deletion of an earlier message.
  void add_change(Json& events, const Json& message, const Person& person, bool from_us) const {
    const std::string type = text_of(message, "type");
    const Json& part = member(message, type.c_str());
    const std::string original = text_of(part, "original_message_id");
    const std::string key = type + ":" + text_of(message, "id");
    if (original.empty()) return;
    Json data = {{"conversation", conversation(person)}};
    if (type == "revoke") {
      data["message_ids"] = {original};
      return add(events, "message.deleted", key, std::move(data), person.id());
    }
    data["author"] = from_us ? our_people() : person.author();
    data["message"] = content_of(member(part, "message"), original);
    data["at"] = at(message);
    data["edited_at"] = at(message);
    if (from_us) data["from_us"] = true;
    add(events, "message.edited", key, std::move(data), person.id());
  }

  // The client has another number now.
  static void add_move(Json& events, const Json& system, const Person& person, const std::string& id) {
    std::string fresh = phone_of(text_of(system, "wa_id"));
    if (fresh.empty()) fresh = phone_of(text_of(system, "new_wa_id"));
    if (fresh.empty() || fresh == person.id()) return;
    add(events, "conversation.changed", "moved:" + id,
        {{"conversation", {{"id", person.id()}}}, {"moved_to", fresh}}, person.id());
  }

  // user_changed_user_id. Such webhooks name no contacts, and where the number is hidden no sender either.
  // Nobody has written anything, so it is no message.
  static void add_fresh_user_id(Json& events, const Json& system, const Person& sender,
                                const std::string& id) {
    std::string before = text_of(system, "previous_user_id");
    if (before.empty()) before = sender.user_id;
    const std::string fresh = text_of(system, "user_id");
    std::string number = phone_of(text_of(system, "wa_id"));
    if (number.empty()) number = sender.phone;
    if (id.empty() || fresh.empty()) return;
    const std::string& now = number.empty() ? fresh : number;
    if (!before.empty() && before != fresh)
      add(events, "conversation.changed", "moved:" + id,
          {{"conversation", {{"id", before}}}, {"moved_to", now}}, before);
    if (number.empty()) return;
    add(events, "conversation.changed", "same:" + fresh + ":" + now,
        {{"conversation", {{"id", fresh}}}, {"moved_to", now}}, now);
  }

  static std::string state_of(const std::string& status) {
    if (status == "sent" || status == "delivered" || status == "read" || status == "failed") return status;
    return status == "played" ? "read" : "";
  }

  void add_status(Json& events, const Json& status) const {
    const Person person = Person::receiver_of(status, "recipient_id", "recipient_user_id", contacts_);
    const std::string id = text_of(status, "id");
    const std::string state = state_of(text_of(status, "status"));
    if (id.empty() || state.empty() || person.id().empty()) return;
    join(events, person);
    const Json& errors = member(status, "errors");
    Json data = {
        {"conversation", {{"id", person.id()}}}, {"message_ids", {id}}, {"state", state}, {"at", at(status)}};
    if (state == "failed") data["reason"] = reason_of(errors);
    const Json reason = member(data, "reason");
    add(events, "message.status", "status:" + id + ":" + state, std::move(data), person.id());
    if (state != "failed" || !is_person_out_of_reach(errors)) return;
    add(events, "conversation.changed", "unreachable:" + id,
        {{"conversation", {{"id", person.id()}}}, {"reachable", false}, {"reason", reason}}, person.id());
  }

  const Json& json_;
  const Arrival& arrival_;
  const Json& contacts_;
};

// Calls `take` with each value of a body.
template <typename Take>
void each_value(const Json& body, Take take) {
  if (text_of(body, "object") != "whatsapp_business_account") return;
  for (const Json& entry : list_of(body, "entry")) {
    for (const Json& change : list_of(entry, "changes")) take(member(change, "value"));
  }
}

}  // namespace

Json translate(const Json& body, const Arrival& arrival) {
  Json events = Json::array();
  each_value(body, [&](const Json& value) {
    if (id_of(member(value, "metadata"), "phone_number_id") != arrival.phone_number_id) return;
    Value(value, arrival).translate(events);
  });
  return events;
}

Json receipts_in(const Json& body) {
  Json out = Json::array();
  each_value(body, [&](const Json& value) {
    for (const Json& status : list_of(value, "statuses")) {
      const std::string key = text_of(status, "biz_opaque_callback_data");
      const std::string id = text_of(status, "id");
      if (!key.empty() && !id.empty() && text_of(status, "status") != "failed")
        out.push_back({{"key", key}, {"id", id}});
    }
  });
  return out;
}

}  // namespace whatsapp
