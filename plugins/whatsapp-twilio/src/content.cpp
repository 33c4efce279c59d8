#include "content.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <patchbay/files.hpp>

#include "translate.hpp"
#include "vcard.hpp"

namespace twilio {
namespace {

constexpr int kMostFiles = 10;

bool starts_with(const std::string& text, const char* with) {
  return text.rfind(with, 0) == 0;
}

// Webhooks tell no name of a file. The last characters of the message's id keep files of a chat apart.
std::string name_of(const std::string& kind, const std::string& type, const std::string& id, int index) {
  const std::string tail = id.size() > 6 ? id.substr(id.size() - 6) : id;
  const bool is_card = type == "text/vcard" || type == "text/x-vcard";
  const std::string number = index > 0 ? "-" + std::to_string(index + 1) : "";
  return (is_card ? "contact" : kind) + "-" + tail + number + patchbay::file_ending(type);
}

Json files_of(const Form& form, const std::string& id) {
  Json files = Json::array();
  for (int i = 0; i < kMostFiles; ++i) {
    const std::string url = form.text("MediaUrl" + std::to_string(i));
    if (url.empty()) break;
    const std::string type = patchbay::plain_type(form.text("MediaContentType" + std::to_string(i)));
    const std::string kind = kind_of(type, form.text("MessageType"));
    const std::string name = name_of(kind, type, id, i);
    // Its own name comes with the file itself, if it has one.
    files.push_back({{"kind", kind},
                     {"type", type},
                     {"unique_id", url.substr(url.rfind('/') + 1)},
                     {"file", {{"url", url}, {"name", name}, {"type", type}}}});
  }
  return files;
}

std::optional<double> degrees(const std::string& text, double most) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool whole = !text.empty() && end == text.c_str() + text.size();
  return whole && value >= -most && value <= most ? std::optional(value) : std::nullopt;
}

void put(Json& object, const char* key, const std::string& value) {
  if (!value.empty()) object[key] = value;
}

void add_place(Json& content, const Form& form) {
  const auto latitude = degrees(form.text("Latitude"), 90);
  const auto longitude = degrees(form.text("Longitude"), 180);
  if (!latitude || !longitude) return;
  Json place = {{"latitude", *latitude}, {"longitude", *longitude}};
  put(place, "title", form.text("Label"));
  put(place, "address", form.text("Address"));
  content["location"] = std::move(place);
}

// Whoever comes by a click on an advertisement (Referral...) says where from with the first message.
void add_referral(Json& content, const Form& form) {
  const std::string click = form.text("ReferralCtwaClid");
  put(content, "start_payload", click.empty() ? form.text("ReferralSourceId") : click);
  const std::string title =
      form.has("ReferralHeadline") ? form.text("ReferralHeadline") : form.text("ReferralBody");
  if (!title.empty()) content["service"] = english("twilio.came_from_ad", {{"title", title}});
}

}  // namespace

std::string kind_of(const std::string& type, const std::string& message_type) {
  if (message_type == "sticker" || type == "image/webp") return "sticker";
  if (starts_with(type, "image/")) return "image";
  if (starts_with(type, "video/")) return "video";
  // WhatsApp records voices as Opus in Ogg.
  if (type == "audio/ogg" && message_type != "document") return "voice";
  if (starts_with(type, "audio/")) return "audio";
  return "document";
}

Json content_of(const Form& form, const std::string& id) {
  Json content = {{"id", id}};
  put(content, "text", form.text("Body"));
  if (Json files = files_of(form, id); !files.empty()) content["attachments"] = std::move(files);
  if (Json contact = contact_in(form.text(kCard)); !contact.is_null())
    content["contact"] = std::move(contact);
  add_place(content, form);
  add_referral(content, form);
  if (const std::string replied = form.text("OriginalRepliedMessageSid"); !replied.empty())
    content["reply_to"] = {{"id", replied}};
  const bool speaks = content.contains("text") || content.contains("attachments") ||
                      content.contains("location") || content.contains("service");
  if (!speaks) {
    const std::string kind = form.has("MessageType") ? form.text("MessageType") : "unknown";
    content["text"] = english("twilio.cannot_be_shown", {{"kind", kind}});
    content["unsupported"] = kind;
  }
  return content;
}

}  // namespace twilio
