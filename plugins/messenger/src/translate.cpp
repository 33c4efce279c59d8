#include "translate.hpp"

#include <cstdint>
#include <utility>

#include "content.hpp"

namespace messenger {
namespace {

constexpr const char* kPageInbox = "263902037430900";  // Meta's own application for people at a page

// One item of an entry: who it is between, and when it happened.
class Item {
 public:
  Item(const Json& json, std::string page, bool standby, const Arrival& arrival)
      : json_(json), page_(std::move(page)), standby_(standby), arrival_(arrival) {
    const std::string sender = id_of(member(json, "sender"), "id");
    by_page_ = sender == page_;
    client_ = by_page_ ? id_of(member(json, "recipient"), "id") : sender;
    time_ = number_of(json, "timestamp").value_or(0);
  }

  void translate(Json& events) const {
    if (client_.empty()) return;
    if (has(json_, "message")) add_message(events);
    if (has(json_, "message_edit")) add_edit(events);
    if (has(json_, "postback")) add_press(events);
    if (has(json_, "reaction")) add_reaction(events);
    if (has(json_, "referral")) add_referral(events);
    if (has(json_, "delivery")) add_delivery(events);
    if (has(json_, "read")) add_read(events);
    for (const char* kind : {"pass_thread_control", "take_thread_control"}) {
      if (has(json_, kind)) add_control(events, member(json_, kind));
    }
  }

 private:
  std::string at() const { return time_ > 0 ? time_text(time_) : arrival_.received_at; }
  std::string stamp() const { return std::to_string(time_); }

  // `active`: the client did something that opens the window to write in.
  Json conversation(bool active) const {
    Json out = {{"id", client_}, {"kind", "private"}};
    if (active && !by_page_ && time_ > 0) out["facts"] = {{"user_at", time_}};
    return out;
  }
  Json author() const { return {{"id", client_}}; }

  void add(Json& events, const char* type, const std::string& key, Json data) const {
    events.push_back({{"type", type},
                      {"dedupe_key", key},
                      {"order_key", client_},
                      {"identity", identity_of(page_)},
                      {"data", std::move(data)}});
  }

  // What another app answers is told to us for the record only.
  void mark_standby(Json& data) const {
    if (standby_) data["handled_by"] = "bot";
  }

  // A message of the client, or one that reads as such.
  void add_words(Json& events, const std::string& key, Json content) const {
    Json data = {{"conversation", conversation(true)},
                 {"author", author()},
                 {"message", std::move(content)},
                 {"at", at()}};
    mark_standby(data);
    add(events, "message.received", key, std::move(data));
  }

  void add_message(Json& events) const {
    const Json& message = member(json_, "message");
    const std::string mid = text_of(message, "mid");
    if (mid.empty()) return;
    if (by_page_ || flag_of(message, "is_echo")) return add_echo(events, message);
    add_words(events, "message:" + mid, content_of(message));
  }

  void add_echo(Json& events, const Json& message) const {
    const std::string mid = text_of(message, "mid");
    const std::string app = id_of(message, "app_id");
    if (app == arrival_.app_id && !app.empty()) {
      Json data = {{"conversation", conversation(false)},
                   {"message_ids", Json::array({mid})},
                   {"state", "sent"},
                   {"at", at()}};
      return add(events, "message.status", "sent:" + mid, std::move(data));
    }
    const bool human = app.empty() || app == kPageInbox;
    Json data = {
        {"conversation", conversation(false)},
        {"author",
         {{"id", human ? "page:" + page_ : "app:" + app},
          {"name", human ? english("messenger.page_inbox") : english("messenger.app", {{"app", app}})},
          {"is_bot", !human}}},
        {"message", content_of(message)},
        {"from_us", true},
        {"at", at()}};
    mark_standby(data);
    add(events, "message.received", "message:" + mid, std::move(data));
  }

  void add_edit(Json& events) const {
    const Json& edit = member(json_, "message_edit");
    const std::string mid = text_of(edit, "mid");
    if (mid.empty() || by_page_) return;
    Json data = {{"conversation", conversation(false)},
                 {"author", author()},
                 {"message", content_of(edit)},
                 {"at", at()},
                 {"edited_at", at()}};
    mark_standby(data);
    const std::string number = id_of(edit, "num_edit");
    add(events, "message.edited", "edit:" + mid + ":" + (number.empty() ? stamp() : number), std::move(data));
  }

  void add_press(Json& events) const {
    const Json& postback = member(json_, "postback");
    std::string press = text_of(postback, "mid");
    if (press.empty()) press = client_ + ":" + stamp();
    Json data = {{"conversation", conversation(true)},
                 {"author", author()},
                 {"press_id", press},
                 {"data", text_of(postback, "payload")},
                 {"title", text_of(postback, "title")},
                 {"at", at()}};
    mark_standby(data);
    add(events, "button.pressed", "press:" + press, std::move(data));
  }

  void add_reaction(Json& events) const {
    const Json& reaction = member(json_, "reaction");
    const std::string mid = text_of(reaction, "mid");
    const std::string action = text_of(reaction, "action");
    if (mid.empty() || by_page_) return;
    std::string sign = text_of(reaction, "emoji");
    if (sign.empty()) sign = text_of(reaction, "reaction");
    const bool taken_back = action == "unreact";
    const std::string words = taken_back ? english("messenger.reaction_taken_back")
                                         : english("messenger.reacted", {{"sign", sign}});
    const std::string id = "reaction:" + mid + ":" + stamp() + ":" + action;
    add_words(events, id, {{"id", id}, {"service", words}, {"reply_to", {{"id", mid}}}});
  }

  // Somebody came back by a link or an advertisement, and has written nothing yet.
  void add_referral(Json& events) const {
    const Json& referral = member(json_, "referral");
    const std::string id = "referral:" + client_ + ":" + stamp();
    const std::string source = text_of(referral, "source");
    const std::string words = source.empty() ? english("messenger.came_by_link")
                                             : english("messenger.came_by", {{"source", source}});
    Json content = {{"id", id}, {"service", words}};
    put(content, "start_payload", text_of(referral, "ref"));
    add_words(events, id, std::move(content));
  }

  void add_delivery(Json& events) const {
    const Json& delivery = member(json_, "delivery");
    const auto watermark = number_of(delivery, "watermark");
    Json ids = Json::array();
    if (const Json& mids = member(delivery, "mids"); mids.is_array()) {
      for (const Json& mid : mids) {
        if (mid.is_string() && !mid.get_ref<const std::string&>().empty()) ids.push_back(mid);
      }
    }
    if (ids.empty() && !watermark) return;
    const std::string first = ids.empty() ? "" : ids.front().get<std::string>();
    const std::string key =
        "delivered:" + client_ + ":" + std::to_string(watermark.value_or(0)) + ":" + first;
    Json data = {{"conversation", conversation(false)}, {"state", "delivered"}, {"at", at()}};
    if (ids.empty())
      data["up_to"] = time_text(*watermark);
    else
      data["message_ids"] = std::move(ids);
    add(events, "message.status", key, std::move(data));
  }

  void add_read(Json& events) const {
    const auto watermark = number_of(member(json_, "read"), "watermark");
    if (!watermark) return;
    Json data = {{"conversation", conversation(false)},
                 {"state", "read"},
                 {"up_to", time_text(*watermark)},
                 {"at", at()}};
    add(events, "message.status", "read:" + client_ + ":" + std::to_string(*watermark), std::move(data));
  }

  // A change of control names the new owner, or only the app that lost it.
  void add_control(Json& events, const Json& control) const {
    const std::string owner = id_of(control, "new_owner_app_id");
    const bool ours = !owner.empty() && owner == arrival_.app_id;
    const char* const holder = ours ? "us" : "bot";
    Json data = {{"conversation", conversation(false)}, {"holder", holder}, {"at", at()}};
    add(events, "conversation.control", "control:" + client_ + ":" + stamp() + ":" + holder, std::move(data));
  }

  const Json& json_;
  const std::string page_;
  const bool standby_;
  const Arrival& arrival_;
  bool by_page_ = false;
  std::string client_;
  std::int64_t time_ = 0;  // milliseconds; 0 when it is not told
};

void add_items(Json& events, const Json& entry, bool standby, const Arrival& arrival) {
  const std::string page = id_of(entry, "id");
  const Json& items = member(entry, standby ? "standby" : "messaging");
  if (page.empty() || !items.is_array()) return;
  for (const Json& item : items) Item(item, page, standby, arrival).translate(events);
}

}  // namespace

std::vector<std::string> subscribed_fields() {
  return {
      "messages",      "messaging_postbacks", "message_deliveries",  "message_reads",       "message_echoes",
      "message_edits", "message_reactions",   "messaging_referrals", "messaging_handovers", "standby"};
}

std::string identity_of(const std::string& page) {
  return "page:" + page;
}

Json translate(const Json& body, const Arrival& arrival) {
  Json events = Json::array();
  const Json& entries = member(body, "entry");
  if (text_of(body, "object") != "page" || !entries.is_array()) return events;
  for (const Json& entry : entries) {
    for (const bool standby : {false, true}) add_items(events, entry, standby, arrival);
  }
  return events;
}

}  // namespace messenger
