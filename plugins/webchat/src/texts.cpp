#include "texts.hpp"

namespace webchat {
namespace {

struct Text {
  const char* id;
  const char* words;
};

constexpr Text kTexts[] = {
    {"webchat.site_url_missing",
     "Browsers of visitors need a public address of this installation, and it has none"},
    {"webchat.site_url_missing.remedy", "Set site_url in the configuration of the host to its https address"},
    {"webchat.site_url_not_https",
     "{address} is not https: pages that are https themselves cannot use the chat"},
    {"webchat.site_url_not_https.remedy", "Set site_url to an https address"},
    {"webchat.no_address",
     "The file cannot be shown to the visitor, since this installation has no public address; set site_url"},
    {"webchat.nothing_to_send", "The message is empty"},
};

std::string filled(std::string words, const Json& args) {
  for (const auto& [name, value] : args.items()) {
    const std::string place = "{" + name + "}";
    const std::string with = value.is_string() ? value.get<std::string>() : value.dump();
    const std::size_t at = words.find(place);
    if (at != std::string::npos) words.replace(at, place.size(), with);
  }
  return words;
}

}  // namespace

std::string english(const std::string& id, const Json& args) {
  for (const Text& text : kTexts) {
    if (id == text.id) return filled(text.words, args);
  }
  return id;
}

patchbay::Error failure(pb_code code, const std::string& id, const Json& args) {
  patchbay::Error error(code, english(id, args));
  error.with_text(id, args);
  return error;
}

patchbay::Diagnostic finding(const std::string& path, const std::string& id, const Json& args) {
  patchbay::Diagnostic diagnostic(path, english(id, args), english(id + ".remedy", args));
  diagnostic.with_text(id, args);
  return diagnostic;
}

Json all_texts() {
  Json out = Json::object();
  for (const Text& text : kTexts) out[text.id] = text.words;
  return out;
}

}  // namespace webchat
