#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/utf8.hpp"
#include "domain/chat/compose.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

class Reader {
 public:
  explicit Reader(const json& body) : body_(body) {}

  Draft read() {
    if (!body_.is_object()) {
      complain("", "domain.chat.must_be_object");
      throw error_;
    }
    for (const auto& [key, value] : body_.items()) take(key, value);
    if (!error_.diagnostics().empty()) throw error_;
    if (!draft_.prepared.empty() && draft_.text.empty()) draft_.text = "[" + name_of(body_["template"]) + "]";
    return std::move(draft_);
  }

 private:
  void complain(const std::string& path, const char* id) { error_.add(Diagnostic(path, Text(id))); }

  void take(const std::string& key, const json& value) {
    const auto path = "/" + key;
    if (value.is_null()) return;
    if (key == "text") {
      value.is_string() ? void(draft_.text = repair_utf8(value.get<std::string>()))
                        : complain(path, "domain.chat.must_be_text");
    } else if (key == "attachments") {
      attachments(value);
    } else if (key == "reply_to") {
      draft_.reply_to = id_of(value);
      if (!draft_.reply_to) complain(path, "domain.chat.must_be_id");
    } else if (key == "buttons") {
      are_buttons(value) ? void(draft_.buttons = value.dump())
                         : complain(path, "domain.chat.must_be_buttons");
    } else if (key == "location") {
      is_place(value) ? void(draft_.location = value.dump()) : complain(path, "domain.chat.must_be_location");
    } else if (key == "template") {
      is_template(value) ? void(draft_.prepared = value.dump())
                         : complain(path, "domain.chat.must_be_template");
    } else {
      error_.add(Diagnostic(path, Text("domain.chat.unknown_member", {{"name", key}}),
                            Text("domain.chat.known_members")));
    }
  }

  void attachments(const json& list) {
    if (!list.is_array()) {
      complain("/attachments", "domain.chat.must_be_files");
      return;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& item = list[i];
      const auto id = id_of(item.is_object() && item.contains("id") ? item["id"] : item);
      const bool kind_given = item.is_object() && item.contains("kind");
      if (!id || (kind_given && !item["kind"].is_string())) {
        complain("/attachments/" + std::to_string(i), "domain.chat.must_be_files");
        continue;
      }
      Draft::File file;
      file.id = *id;
      if (kind_given) file.kind = item["kind"].get<std::string>();
      draft_.attachments.push_back(std::move(file));
    }
  }

  static std::optional<Id> id_of(const json& value) {
    return value.is_string() ? parse_id(value.get<std::string>()) : std::nullopt;
  }
  static bool are_buttons(const json& rows) {
    if (!rows.is_array()) return false;
    for (const auto& row : rows) {
      if (!row.is_array() || row.empty()) return false;
      for (const auto& button : row) {
        if (!button.is_object() || !button.contains("title") || !button["title"].is_string()) return false;
        const bool data = button.contains("data") && button["data"].is_string();
        const bool url = button.contains("url") && button["url"].is_string();
        if (data == url) return false;
      }
    }
    return true;
  }
  static bool is_place(const json& place) {
    const auto within = [&](const char* key, double limit) {
      return place.contains(key) && place[key].is_number() && place[key].get<double>() >= -limit &&
             place[key].get<double>() <= limit;
    };
    return place.is_object() && within("latitude", 90) && within("longitude", 180);
  }

  static bool is_template(const json& chosen) {
    if (!chosen.is_object() || !chosen.contains("id")) return false;
    const auto is_text = [](const json& value) { return value.is_string(); };
    for (const auto& [key, value] : chosen.items()) {
      const bool values =
          key == "variables" && value.is_object() && std::all_of(value.begin(), value.end(), is_text);
      const bool word = (key == "id" || key == "name" || key == "language") && value.is_string();
      if (!values && !word) return false;
    }
    return !chosen["id"].get_ref<const std::string&>().empty();
  }
  static std::string name_of(const json& chosen) {
    return repair_utf8(chosen.value("name", chosen["id"].get<std::string>()));
  }

  const json& body_;
  Draft draft_;
  Error error_{Code::invalid, Text("domain.chat.refused")};
};

}  // namespace

Draft read_draft(const json& body) {
  return Reader(body).read();
}

}  // namespace patchbay::domain::chat
