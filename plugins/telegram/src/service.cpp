#include "service.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "words.hpp"

namespace telegram {
namespace {

struct Plain {
  const char* key;
  const char* words;
};

// Service messages whose presence says it all.
constexpr Plain kPlain[] = {
    {"delete_chat_photo", "The photo of the group was removed"},
    {"new_chat_photo", "The photo of the group was changed"},
    {"group_chat_created", "The group was created"},
    {"supergroup_chat_created", "The group was created"},
    {"channel_chat_created", "The channel was created"},
    {"migrate_from_chat_id", "The group became a supergroup"},
    {"migrate_to_chat_id", "The group became a supergroup"},
    {"passport_data", "Passport data was shared"},
    {"write_access_allowed", "The bot was allowed to write messages"},
    {"chat_background_set", "The background of the chat was changed"},
    {"forum_topic_closed", "The topic was closed"},
    {"forum_topic_reopened", "The topic was opened again"},
    {"general_forum_topic_hidden", "The general topic was hidden"},
    {"general_forum_topic_unhidden", "The general topic was shown again"},
    {"giveaway_created", "A giveaway was created"},
    {"video_chat_started", "A video chat began"},
    {"video_chat_scheduled", "A video chat was scheduled"},
    {"gift", "A gift was sent"},
    {"unique_gift", "A gift was sent"},
};

std::string names_of(const Json& people) {
  if (!people.is_array()) return "";
  std::string names;
  for (const Json& person : people) names += (names.empty() ? "" : ", ") + person_name(person);
  return names;
}

std::string members_text(const Json& message) {
  const std::string author = id_of(member(message, "from"), "id");
  const Json& joined = member(message, "new_chat_members");
  if (joined.is_array() && !joined.empty()) {
    if (joined.size() == 1 && id_of(joined[0], "id") == author) return names_of(joined) + " joined the group";
    return names_of(joined) + " was added to the group";
  }
  const Json& left = member(message, "left_chat_member");
  if (!left.is_object()) return "";
  return person_name(left) +
         (id_of(left, "id") == author ? " left the group" : " was removed from the group");
}

std::string payment_text(const Json& payment, const char* what) {
  if (!payment.is_object()) return "";
  const std::string amount = id_of(payment, "total_amount");
  return std::string(what) + amount + (amount.empty() ? "" : " ") + text_of(payment, "currency") +
         (text_of(payment, "currency") == "XTR" ? "" : " (in the smallest unit)");
}

std::string named_text(const Json& message) {
  if (const std::string title = text_of(message, "new_chat_title"); !title.empty()) {
    return "The title was changed to “" + title + "”";
  }
  if (const Json& topic = member(message, "forum_topic_created"); topic.is_object()) {
    return "The topic “" + text_of(topic, "name") + "” was created";
  }
  if (const Json& topic = member(message, "forum_topic_edited"); topic.is_object()) {
    const std::string name = text_of(topic, "name");
    return name.empty() ? "The topic was changed" : "The topic was renamed to “" + name + "”";
  }
  if (const std::string site = text_of(message, "connected_website"); !site.empty()) {
    return "Signed in on " + site;
  }
  if (const Json& data = member(message, "web_app_data"); data.is_object()) {
    return "Web app “" + text_of(data, "button_text") + "” sent: " + text_of(data, "data");
  }
  return "";
}

std::string pinned_text(const Json& message) {
  const Json& pinned = member(message, "pinned_message");
  if (!pinned.is_object()) return "";
  std::string text = text_of(pinned, "text");
  if (text.empty()) text = text_of(pinned, "caption");
  return text.empty() ? "A message was pinned" : "A message was pinned: “" + excerpt(text, 100) + "”";
}

std::string shared_text(const Json& message) {
  if (const Json& shared = member(message, "users_shared"); shared.is_object()) {
    const std::string names = names_of(member(shared, "users"));
    return "Shared a contact" + (names.empty() ? std::string() : ": " + names);
  }
  if (const Json& shared = member(message, "chat_shared"); shared.is_object()) {
    const std::string title = text_of(shared, "title");
    return "Shared a chat: " + (title.empty() ? id_of(shared, "chat_id") : title);
  }
  return "";
}

std::string counted_text(const Json& message) {
  if (const Json& timer = member(message, "message_auto_delete_timer_changed"); timer.is_object()) {
    const auto seconds = number_of(timer, "message_auto_delete_time").value_or(0);
    if (seconds <= 0) return "Messages are no longer deleted by themselves";
    return "Messages are deleted by themselves after " + std::to_string(seconds) + " s";
  }
  if (const Json& alert = member(message, "proximity_alert_triggered"); alert.is_object()) {
    return person_name(member(alert, "traveler")) + " is within " + id_of(alert, "distance") + " m of " +
           person_name(member(alert, "watcher"));
  }
  if (const Json& ended = member(message, "video_chat_ended"); ended.is_object()) {
    return "The video chat ended after " + id_of(ended, "duration") + " s";
  }
  if (const Json& invited = member(message, "video_chat_participants_invited"); invited.is_object()) {
    return names_of(member(invited, "users")) + " was invited to the video chat";
  }
  if (const Json& boost = member(message, "boost_added"); boost.is_object()) {
    return "Boosts added to the group: " + id_of(boost, "boost_count");
  }
  return "";
}

// Fields of a Message that say who, where and when, not what.
constexpr std::string_view kEnvelope[] = {"author_signature",
                                          "business_connection_id",
                                          "caption",
                                          "caption_entities",
                                          "chat",
                                          "date",
                                          "direct_messages_topic",
                                          "edit_date",
                                          "effect_id",
                                          "entities",
                                          "ephemeral_message_id",
                                          "external_reply",
                                          "forward_date",
                                          "forward_from",
                                          "forward_from_chat",
                                          "forward_from_message_id",
                                          "forward_origin",
                                          "forward_sender_name",
                                          "forward_signature",
                                          "from",
                                          "guest_bot_caller_chat",
                                          "guest_bot_caller_user",
                                          "guest_query_id",
                                          "has_media_spoiler",
                                          "has_protected_content",
                                          "is_automatic_forward",
                                          "is_from_offline",
                                          "is_paid_post",
                                          "is_topic_message",
                                          "link_preview_options",
                                          "media_group_id",
                                          "message_id",
                                          "message_thread_id",
                                          "paid_star_count",
                                          "quote",
                                          "receiver_user",
                                          "reply_markup",
                                          "reply_to_checklist_task_id",
                                          "reply_to_message",
                                          "reply_to_poll_option_id",
                                          "reply_to_story",
                                          "sender_boost_count",
                                          "sender_business_bot",
                                          "sender_chat",
                                          "sender_tag",
                                          "show_caption_above_media",
                                          "suggested_post_info",
                                          "text",
                                          "via_bot"};

std::string list_text(const std::string& title, const Json& items, const char* text_key) {
  std::string out = title;
  if (!items.is_array()) return out;
  for (const Json& item : items) {
    const bool done = has(item, "completed_by_user") || number_of(item, "completion_date").value_or(0) > 0;
    out += (done ? "\n☑ " : "\n☐ ") + text_of(item, text_key);
  }
  return out;
}

constexpr int kDeepest = 32;

// RichText: a string, several of them, or something around one.
std::string rich_text(const Json& text, int depth) {
  if (text.is_string()) return text.get<std::string>();
  if (depth > kDeepest) return "";
  if (text.is_object()) {
    return rich_text(member(text, has(text, "text") ? "text" : "expression"), depth + 1);
  }
  std::string words;
  if (text.is_array()) {
    for (const Json& piece : text) words += rich_text(piece, depth + 1);
  }
  return words;
}

// The words of the blocks of a rich message, a block a line, whatever they are nested in.
void add_blocks(std::string& out, const Json& value, int depth) {
  if (!value.is_structured() || depth > kDeepest) return;
  if (const std::string words = rich_text(member(value, "text"), depth); !words.empty())
    out += (out.empty() ? "" : "\n") + words;
  for (const auto& [key, inner] : value.items()) {
    if (key != "text") add_blocks(out, inner, depth + 1);
  }
}

std::string rich_message_text(const Json& content) {
  std::string out;
  add_blocks(out, member(content, "blocks"), 0);
  return out;
}

// What the message is: a kind that has words here, else what is no part of the envelope; flags and the like
// come last, because content is an object or a list.
std::string kind_of(const Json& message) {
  for (const char* known :
       {"rich_message", "dice", "poll", "checklist", "game", "story", "paid_media", "invoice"}) {
    if (has(message, known)) return known;
  }
  std::string kind;
  if (!message.is_object()) return "empty";
  for (const auto& [key, value] : message.items()) {
    const bool envelope = std::find(std::begin(kEnvelope), std::end(kEnvelope), key) != std::end(kEnvelope);
    if (value.is_null() || envelope) continue;
    if (value.is_structured()) return key;
    if (kind.empty()) kind = key;
  }
  return kind.empty() ? "empty" : kind;
}

std::string known_degraded(const Json& message, const std::string& kind) {
  const Json& content = member(message, kind.c_str());
  if (kind == "dice") return text_of(content, "emoji") + " " + id_of(content, "value");
  if (kind == "poll")
    return list_text("📊 " + text_of(content, "question"), member(content, "options"), "text");
  if (kind == "checklist")
    return list_text("📋 " + text_of(content, "title"), member(content, "tasks"), "text");
  if (kind == "game") return "🎮 " + text_of(content, "title") + "\n" + text_of(content, "description");
  if (kind == "story") return "[Story of " + chat_name(member(content, "chat")) + "]";
  if (kind == "paid_media") return "[Paid media: " + id_of(content, "star_count") + " ⭐]";
  if (kind == "rich_message") return rich_message_text(content);
  if (kind == "invoice") {
    return "🧾 " + text_of(content, "title") + "\n" + text_of(content, "description") + "\n" +
           payment_text(content, "Amount: ");
  }
  return "";
}

}  // namespace

std::string service_text(const Json& message) {
  for (const auto read : {members_text, named_text, pinned_text, shared_text, counted_text}) {
    if (std::string text = read(message); !text.empty()) return text;
  }
  if (std::string text = payment_text(member(message, "successful_payment"), "Paid: "); !text.empty())
    return text;
  if (std::string text = payment_text(member(message, "refunded_payment"), "Refunded: "); !text.empty())
    return text;
  for (const Plain& plain : kPlain) {
    if (has(message, plain.key)) return plain.words;
  }
  return "";
}

std::string degraded_text(const Json& message, std::string& kind) {
  kind = kind_of(message);
  if (std::string text = known_degraded(message, kind); !text.empty()) return text;
  return kind == "empty" ? "[Message without content]"
                         : "[Message of a kind that cannot be shown: " + kind + "]";
}

}  // namespace telegram
