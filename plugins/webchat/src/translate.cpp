#include "translate.hpp"

#include <algorithm>
#include <charconv>

#include "using.hpp"
#include "words.hpp"

namespace webchat {
namespace {

constexpr std::size_t kLongestId = 64;
constexpr std::size_t kLongestReference = 255;
constexpr std::size_t kLongestName = 200;   // bytes, as all of these
constexpr std::size_t kLongestEmail = 254;  // RFC 5321
constexpr std::size_t kLongestPage = 2000;
constexpr std::size_t kLongestText = 16'000;  // 4,000 characters that need four bytes each
constexpr std::size_t kLongestData = 4096;
constexpr std::size_t kMostReceipts = 200;
constexpr std::size_t kShownOfSession = 4;

// What the page makes for its own requests.
bool is_id(std::string_view id) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  };
  return !id.empty() && id.size() <= kLongestId && std::all_of(id.begin(), id.end(), fits);
}

// An id that the host made. The session goes in front of it, so it can only be one of the same conversation.
bool is_reference(std::string_view id) {
  return !id.empty() && id.size() <= kLongestReference;
}

std::string language_of(const std::string& text) {
  return is_id(text) && text.size() <= 16 ? text : std::string();
}

std::string email_of(const std::string& text) {
  std::string email = one_line(text, kLongestEmail);
  const std::size_t at = email.find('@');
  const bool fits =
      at != 0 && at != std::string::npos && at + 1 < email.size() && email.find(' ') == email.npos;
  return fits ? email : std::string();
}

std::string page_of(const std::string& text) {
  const bool web = text.compare(0, 8, "https://") == 0 || text.compare(0, 7, "http://") == 0;
  return web && is_safe_link(text) ? one_line(text, kLongestPage) : std::string();
}

// Visitors without a name are told apart by the end of their session.
std::string title_of(const std::string& name, const std::string& session) {
  if (!name.empty()) return name;
  const std::string end = session.substr(session.size() - std::min(session.size(), kShownOfSession));
  return english("webchat.visitor", {{"end", end}});
}

// Of a visitor's own session; nobody can name another's.
std::string full_id(const Arrival& from, const std::string& id) {
  return from.session + "/" + id;
}

Json data_of(const Arrival& from, const std::string& name, const std::string& language) {
  const std::string title = title_of(name, from.session);
  Json data = {{"conversation", {{"id", from.session}, {"kind", "private"}, {"title", title}}},
               {"author", {{"id", from.session}, {"name", title}}},
               {"at", from.received_at}};
  if (!language.empty()) data["author"]["language"] = language;
  if (!from.sequence.is_null()) data["sequence"] = from.sequence;
  return data;
}

Json event_of(const Arrival& from, const char* type, const std::string& key, Json data) {
  return Json{{"type", type}, {"dedupe_key", key}, {"order_key", from.session}, {"data", std::move(data)}};
}

// A frame whose id is good.
class Frame {
 public:
  Frame(const Json& frame, const Arrival& from)
      : frame_(frame),
        from_(from),
        id_(text_of(frame, "id")),
        name_(one_line(text_of(frame, "name"), kLongestName)) {}

  Translation translate() const {
    const std::string type = text_of(frame_, "type");
    if (type == "message") return message();
    if (type == "about") return about();
    if (type == "press") return press();
    if (type == "receipt") return receipt();
    return refuse("unknown");
  }

 private:
  Translation refuse(const char* reason) const {
    Translation out;
    out.notice = refused(id_, reason);
    return out;
  }
  Translation one(const char* type, Json data) const {
    Translation out;
    out.events.push_back(event_of(from_, type, full_id(from_, id_), std::move(data)));
    return out;
  }
  Json data() const { return data_of(from_, name_, language_of(text_of(frame_, "language"))); }

  Translation message() const {
    const std::string text = text_of(frame_, "text");
    if (text.size() > kLongestText) return refuse("text_long");
    if (one_line(text, text.size()).empty()) return refuse("text_empty");
    Json now = data();
    now["message"] = {{"id", full_id(from_, id_)}, {"text", text}};
    const std::string reply_to = text_of(frame_, "reply_to");
    if (is_reference(reply_to)) now["message"]["reply_to"] = {{"id", full_id(from_, reply_to)}};
    return one("message.received", std::move(now));
  }

  // Who writes, and from which page: readable, and a contact card.
  Translation about() const {
    const std::string email = email_of(text_of(frame_, "email"));
    std::string words;
    for (const std::string& part : {name_, email, page_of(text_of(frame_, "page"))}) {
      if (!part.empty()) words += (words.empty() ? "" : " · ") + part;
    }
    if (words.empty()) return Translation();
    Json now = data();
    now["message"] = {{"id", full_id(from_, id_)}, {"service", words}};
    Json contact = Json::object();
    if (!name_.empty()) contact["name"] = name_;
    if (!email.empty()) contact["email"] = email;
    if (!contact.empty()) now["message"]["contact"] = std::move(contact);
    return one("message.received", std::move(now));
  }

  Translation press() const {
    const std::string message = text_of(frame_, "message");
    const std::string value = text_of(frame_, "data");
    if (!is_reference(message) || value.size() > kLongestData) return refuse("unknown");
    Json now = data();
    now["press_id"] = full_id(from_, id_);
    now["data"] = value;
    now["message_id"] = full_id(from_, message);
    now["title"] = one_line(text_of(frame_, "title"), kLongestName);
    return one("button.pressed", std::move(now));
  }

  Translation receipt() const {
    const std::string state = text_of(frame_, "state");
    Json ids = Json::array();
    const auto named = frame_.find("messages");
    if (named != frame_.end() && named->is_array()) {
      for (const Json& each : *named) {
        if (!each.is_string() || !is_reference(each.get_ref<const std::string&>())) continue;
        if (ids.size() < kMostReceipts) ids.push_back(full_id(from_, each.get<std::string>()));
      }
    }
    if (ids.empty() || (state != "delivered" && state != "read")) return Translation();
    Json now = {{"conversation", {{"id", from_.session}}},
                {"message_ids", std::move(ids)},
                {"state", state},
                {"at", from_.received_at}};
    return one("message.status", std::move(now));
  }

  const Json& frame_;
  const Arrival& from_;
  const std::string id_;
  const std::string name_;
};

bool begins(std::string_view bytes, std::string_view with, std::size_t at = 0) {
  return bytes.size() >= at + with.size() && bytes.substr(at, with.size()) == with;
}

// Programs, whatever they are called.
bool is_program(std::string_view bytes) {
  using namespace std::string_view_literals;
  return begins(bytes, "MZ") || begins(bytes, "\x7f\x45LF"sv) || begins(bytes, "#!") ||
         begins(bytes, "\xCF\xFA\xED\xFE"sv) || begins(bytes, "\xCA\xFE\xBA\xBE"sv);
}

// Pictures that are none are how scripts are smuggled; other types are left to whoever opens them.
bool is_what_it_says(std::string_view type, std::string_view bytes) {
  using namespace std::string_view_literals;
  if (type == "image/png") return begins(bytes, "\x89PNG"sv);
  if (type == "image/jpeg") return begins(bytes, "\xFF\xD8\xFF"sv);
  if (type == "image/gif") return begins(bytes, "GIF8");
  if (type == "image/webp") return begins(bytes, "RIFF") && begins(bytes, "WEBP", 8);
  if (type == "application/pdf") return bytes.substr(0, 1024).find("%PDF-") != bytes.npos;
  return true;
}

const char* kind_of(std::string_view type) {
  if (begins(type, "image/")) return "image";
  if (begins(type, "video/")) return "video";
  return begins(type, "audio/") ? "audio" : "document";
}

}  // namespace

Arrival::Arrival(std::string session_, std::string received_at_, const std::string& inbox_id)
    : session(std::move(session_)), received_at(std::move(received_at_)) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(inbox_id.data(), inbox_id.data() + inbox_id.size(), number);
  if (error == std::errc() && end == inbox_id.data() + inbox_id.size()) sequence = number;
}

Translation translate(const Json& frame, const Arrival& from) {
  if (!frame.is_object() || from.session.empty() || !is_id(text_of(frame, "id"))) return Translation();
  return Frame(frame, from).translate();
}

Upload::Upload(std::string_view query, std::string_view content_type, std::size_t size_)
    : id(query_field(query, "id")),
      name(one_line(query_field(query, "file"), kLongestName)),
      type(mime_type(content_type)),
      author(one_line(query_field(query, "name"), kLongestName)),
      language(language_of(query_field(query, "language"))),
      size(size_) {
  if (!is_id(id)) id.clear();
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == '\\'; }, '_');
  if (name.empty()) name = "file";
  if (type.empty()) type = "application/octet-stream";
}

UploadRules::UploadRules(const Json& settings)
    : allowed(settings.value("files", false)),
      max_bytes(settings.value("max_file_mb", std::size_t{0}) << 20),
      types(settings.value("file_types", std::vector<std::string>())) {}

std::string refusal(const Upload& upload, std::string_view bytes, const UploadRules& rules) {
  if (!rules.allowed) return "files_off";
  if (bytes.empty()) return "file_empty";
  if (bytes.size() > rules.max_bytes) return "file_size";
  if (!covers(rules.types, upload.type)) return "file_type";
  const bool any = covers(rules.types, "application/octet-stream");
  if (!is_what_it_says(upload.type, bytes) || (is_program(bytes) && !any)) return "file_content";
  return {};
}

Json refused(const std::string& id, const std::string& reason) {
  return Json{{"type", "refused"}, {"id", id}, {"reason", reason}};
}

Json file_event(const Upload& upload, const std::string& blob, const Arrival& from) {
  Json data = data_of(from, upload.author, upload.language);
  const Json file = {{"blob", blob}, {"name", upload.name}, {"type", upload.type}, {"size", upload.size}};
  Json attachment = {{"kind", kind_of(upload.type)},
                     {"file", file},
                     {"name", upload.name},
                     {"type", upload.type},
                     {"size", upload.size}};
  const std::string key = full_id(from, upload.id);
  data["message"] = {{"id", key}, {"attachments", Json::array({std::move(attachment)})}};
  return event_of(from, "message.received", key, std::move(data));
}

}  // namespace webchat
