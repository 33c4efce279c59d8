#include "domain/chat/compose.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;

class Composer {
 public:
  Composer(const Draft& draft, const ChannelLimits& limits, std::vector<Attachment>& files)
      : draft_(draft), limits_(limits), files_(files) {}

  Composition run() {
    check_content();
    for (std::size_t i = 0; i < files_.size(); ++i) check_file(i);
    if (!error_.diagnostics().empty()) throw error_;
    lay_out();
    Composition result;
    for (const auto& part : parts_) result.parts.push_back(part.dump());
    auto content = json::object();
    if (!draft_.buttons.empty()) content["buttons"] = json::parse(draft_.buttons);
    if (!draft_.location.empty()) content["location"] = json::parse(draft_.location);
    if (!draft_.prepared.empty()) content["template"] = json::parse(draft_.prepared);
    result.content = content.dump();
    return result;
  }

 private:
  void complain(const std::string& path, Text summary, Text remedy) {
    error_.add(Diagnostic(path, std::move(summary), std::move(remedy)));
  }

  void check_content() {
    const bool blank = draft_.text.find_first_not_of(" \t\r\n") == std::string::npos;
    if (blank && files_.empty() && draft_.location.empty()) {
      complain("/text", Text("domain.chat.empty"), Text("domain.chat.empty_remedy"));
    }
    if (draft_.reply_to && !limits_.reply) complain("/reply_to", Text("domain.chat.no_replies"), Text());
    if (!draft_.location.empty() && !limits_.location)
      complain("/location", Text("domain.chat.no_locations"), Text());
    check_template();
    if (draft_.buttons.empty()) return;
    if (!limits_.buttons) complain("/buttons", Text("domain.chat.no_buttons"), Text());
    if (blank && files_.size() != 1) {
      complain("/buttons", Text("domain.chat.lone_buttons"), Text("domain.chat.lone_buttons_remedy"));
    }
  }

  void check_template() {
    if (draft_.prepared.empty()) return;
    const bool alone =
        files_.empty() && draft_.location.empty() && draft_.buttons.empty() && !draft_.reply_to;
    if (!limits_.templates) complain("/template", Text("domain.chat.no_templates"), Text());
    if (!alone)
      complain("/template", Text("domain.chat.template_alone"), Text("domain.chat.template_alone_remedy"));
  }

  void check_file(std::size_t index) {
    auto& file = files_[index];
    const auto path = "/attachments/" + std::to_string(index);
    const auto kind = file.kind.empty() ? limits_.kind_for(file.type) : std::optional(file.kind);
    if (!kind || !limits_.takes(*kind, file.type)) {
      complain(path, Text("domain.chat.file_type", {{"name", file.name}, {"type", file.type}}),
               Text("domain.chat.file_remedy", {{"allowed", limits_.allowed_files()}}));
      return;
    }
    file.kind = *kind;
    const auto most = limits_.files.at(*kind).max_bytes;
    if (most > 0 && file.size.value_or(0) > most) {
      complain(path,
               Text("domain.chat.file_size", {{"name", file.name},
                                              {"size", std::to_string(file.size.value_or(0))},
                                              {"max", std::to_string(most)},
                                              {"kind", *kind}}),
               Text("domain.chat.file_remedy", {{"allowed", limits_.allowed_files()}}));
    }
    if (file.size.value_or(0) == 0) {
      complain(path, Text("domain.chat.file_empty", {{"name", file.name}}),
               Text("domain.chat.file_empty_remedy"));
    }
  }

  bool fits(const std::optional<ChannelLimits::Length>& length) const {
    return length && length_in(draft_.text, length->unit) <= length->max;
  }

  void lay_out() {
    if (!draft_.prepared.empty()) {
      part(draft_.text)["template"] = json::parse(draft_.prepared);
      return;
    }
    const bool caption = !files_.empty() && !draft_.text.empty() && fits(limits_.caption) &&
                         (draft_.buttons.empty() || files_.size() == 1);
    // Buttons need one message that carries them: a text of its own stands last then, under the files.
    const bool text_last = !caption && !draft_.buttons.empty() && !draft_.text.empty();
    if (!caption && !text_last) add_texts();
    add_albums(caption);
    if (text_last) add_texts();
    if (!draft_.buttons.empty() && !parts_.empty()) parts_.back()["buttons"] = json::parse(draft_.buttons);
    if (!draft_.location.empty()) part("")["location"] = json::parse(draft_.location);
  }

  json& part(const std::string& text) {
    auto request = json::object();
    request["text"] = text;
    request["attachments"] = json::array();
    parts_.push_back(std::move(request));
    return parts_.back();
  }

  void add_texts() {
    if (!limits_.text) {
      if (!draft_.text.empty()) part(draft_.text);
      return;
    }
    for (const auto& piece : split_text(draft_.text, limits_.text->max, limits_.text->unit)) part(piece);
  }

  void add_albums(bool caption) {
    const Attachment* first = nullptr;
    for (const auto& file : files_) {
      const bool joins = first && parts_.back()["attachments"].size() < limits_.album &&
                         limits_.go_together(first->kind, file.kind);
      if (!joins) {
        part(caption && !first ? draft_.text : "");
        first = &file;
      }
      auto item = json::object();
      item["blob"] = to_string_id(file.blob.value_or(0));
      item["kind"] = file.kind;
      item["name"] = file.name;
      item["type"] = file.type;
      item["size"] = file.size.value_or(0);
      parts_.back()["attachments"].push_back(std::move(item));
    }
  }

  const Draft& draft_;
  const ChannelLimits& limits_;
  std::vector<Attachment>& files_;
  std::vector<json> parts_;
  Error error_{Code::invalid, Text("domain.chat.refused")};
};

}  // namespace

Composition compose(const Draft& draft, const ChannelLimits& limits, std::vector<Attachment>& files) {
  return Composer(draft, limits, files).run();
}

}  // namespace patchbay::domain::chat
