#include "content.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "translate.hpp"
#include "vcard.hpp"

namespace twilio {
namespace {

constexpr int kMostFiles = 10;

struct Extension {
  const char* type;
  const char* ending;
};

constexpr Extension kExtensions[] = {
    {"application/msword", ".doc"},
    {"application/pdf", ".pdf"},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
    {"audio/aac", ".aac"},
    {"audio/amr", ".amr"},
    {"audio/mp4", ".m4a"},
    {"audio/mpeg", ".mp3"},
    {"audio/ogg", ".ogg"},
    {"image/jpeg", ".jpg"},
    {"image/png", ".png"},
    {"image/webp", ".webp"},
    {"text/vcard", ".vcf"},
    {"text/x-vcard", ".vcf"},
    {"video/3gpp", ".3gp"},
    {"video/mp4", ".mp4"},
};

bool starts_with(const std::string& text, const char* with) {
  return text.rfind(with, 0) == 0;
}

std::string ending_of(const std::string& type) {
  for (const Extension& known : kExtensions) {
    if (type == known.type) return known.ending;
  }
  return "";
}

std::string without_parameters(std::string type) {
  type = type.substr(0, type.find(';'));
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

// Webhooks tell no name of a file. The last characters of the message's id keep files of a chat apart.
std::string name_of(const std::string& kind, const std::string& type, const std::string& id, int index) {
  const std::string tail = id.size() > 6 ? id.substr(id.size() - 6) : id;
  const bool is_card = type == "text/vcard" || type == "text/x-vcard";
  const std::string number = index > 0 ? "-" + std::to_string(index + 1) : "";
  return (is_card ? "contact" : kind) + "-" + tail + number + ending_of(type);
}

Json files_of(const Form& form, const std::string& id) {
  Json files = Json::array();
  for (int i = 0; i < kMostFiles; ++i) {
    const std::string url = form.text("MediaUrl" + std::to_string(i));
    if (url.empty()) break;
    const std::string type = without_parameters(form.text("MediaContentType" + std::to_string(i)));
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
    content["text"] = "[Message of a kind that cannot be shown: " + kind + "]";
    content["unsupported"] = kind;
  }
  return content;
}

}  // namespace twilio
