#include "templates.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace whatsapp {
namespace {

using patchbay::Template;

constexpr const char* kHeader = "header.";
constexpr const char* kButton = "button.";

// The places of a text: "1" and "name" of "{{1}}, {{name}}", each once, in order.
std::vector<std::string> places_in(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{", at + 2)) {
    const std::size_t end = text.find("}}", at);
    if (end == std::string::npos) break;
    std::string name = text.substr(at + 2, end - at - 2);
    name.erase(std::remove(name.begin(), name.end(), ' '), name.end());
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(std::move(name));
  }
  return out;
}

// The example that was given for a place, by name or by position.
std::string example_of(const Json& component, const std::string& part, const std::string& name,
                       std::size_t position) {
  const Json& example = member(component, "example");
  for (const Json& each : list_of(example, (part + "_text_named_params").c_str())) {
    if (text_of(each, "param_name") == name) return text_of(each, "example");
  }
  const Json* values = &list_of(example, (part + "_text").c_str());
  if (!values->empty() && values->front().is_array()) values = &values->front();
  return position < values->size() && (*values)[position].is_string() ? (*values)[position].get<std::string>()
                                                                      : "";
}

void add_places(Template& out, const Json& component, const std::string& part, const std::string& prefix) {
  const std::vector<std::string> names = places_in(text_of(component, "text"));
  for (std::size_t i = 0; i < names.size(); ++i)
    out.variables.emplace_back(prefix + names[i], example_of(component, part, names[i], i));
}

// False: an agent cannot fill it in.
bool add_header(Template& out, const Json& component) {
  const std::string format = text_of(component, "format");
  if (format == "TEXT" || format.empty()) {
    add_line(out.text, text_of(component, "text"));
    add_places(out, component, "header", kHeader);
    return true;
  }
  if (format != "IMAGE" && format != "VIDEO" && format != "DOCUMENT") return false;
  std::string kind = format;
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](char c) { return static_cast<char>(c - 'A' + 'a'); });
  out.variables.emplace_back(kHeader + kind);
  return true;
}

bool add_buttons(Template& out, const Json& component) {
  const Json& buttons = list_of(component, "buttons");
  for (std::size_t i = 0; i < buttons.size(); ++i) {
    const std::string type = text_of(buttons[i], "type");
    if (type != "QUICK_REPLY" && type != "URL" && type != "PHONE_NUMBER") return false;
    if (type == "URL" && !places_in(text_of(buttons[i], "url")).empty()) {
      const Json& example = list_of(buttons[i], "example");
      const bool said = !example.empty() && example.front().is_string();
      out.variables.emplace_back(kButton + std::to_string(i),
                                 said ? example.front().get<std::string>() : std::string());
    }
    add_line(out.text, "[" + text_of(buttons[i], "text") + "]");
  }
  return true;
}

bool add_component(Template& out, const Json& component) {
  const std::string type = text_of(component, "type");
  if (type == "HEADER") return add_header(out, component);
  if (type == "BUTTONS") return add_buttons(out, component);
  if (type != "BODY" && type != "FOOTER") return false;
  add_line(out.text, text_of(component, "text"));
  if (type == "BODY") add_places(out, component, "body", "");
  return true;
}

bool is_number(const std::string& name) {
  return !name.empty() && name.size() < 4 && name.find_first_not_of("0123456789") == std::string::npos;
}

// Positions in their order, and names by name.
struct Place {
  std::string name;
  std::string value;
};

std::vector<Place> places_of(const Json& variables, const std::string& prefix) {
  std::vector<Place> out;
  for (const auto& [name, value] : variables.items()) {
    const bool inner = name.find('.') == std::string::npos;
    const bool mine = prefix.empty() ? inner : name.rfind(prefix, 0) == 0;
    if (mine && value.is_string()) out.push_back({name.substr(prefix.size()), value.get<std::string>()});
  }
  std::stable_sort(out.begin(), out.end(), [](const Place& a, const Place& b) {
    return is_number(a.name) && is_number(b.name) && std::stoi(a.name) < std::stoi(b.name);
  });
  return out;
}

Json parameter_of(const Place& place) {
  for (const char* kind : {"image", "video", "document"}) {
    if (place.name == kind) return {{"type", kind}, {kind, {{"link", place.value}}}};
  }
  Json out = {{"type", "text"}, {"text", place.value}};
  if (!is_number(place.name)) out["parameter_name"] = place.name;
  return out;
}

void add_parameters(Json& components, const char* type, const std::vector<Place>& places) {
  if (places.empty()) return;
  Json parameters = Json::array();
  for (const Place& each : places) parameters.push_back(parameter_of(each));
  components.push_back({{"type", type}, {"parameters", std::move(parameters)}});
}

}  // namespace

std::optional<Template> template_of(const Json& found) {
  const std::string name = text_of(found, "name");
  const std::string language = text_of(found, "language");
  const bool usable =
      text_of(found, "status") == "APPROVED" && text_of(found, "category") != "AUTHENTICATION";
  if (!usable || name.empty() || language.empty()) return std::nullopt;
  Template out(name + "/" + language, name);
  out.language = language;
  std::replace(out.language.begin(), out.language.end(), '_', '-');
  for (const Json& component : list_of(found, "components")) {
    if (!add_component(out, component)) return std::nullopt;
  }
  return out;
}

Json chosen_template(const Json& chosen) {
  const std::string id = text_of(chosen, "id");
  const std::size_t slash = id.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == id.size())
    throw failure(PB_INVALID, "whatsapp.template_id", {{"id", id}});
  const Json& variables = member(chosen, "variables");
  Json components = Json::array();
  if (variables.is_object()) {
    add_parameters(components, "header", places_of(variables, kHeader));
    add_parameters(components, "body", places_of(variables, ""));
    for (const Place& each : places_of(variables, kButton)) {
      const Json parameter = {{"type", "text"}, {"text", each.value}};
      components.push_back(
          {{"type", "button"}, {"sub_type", "url"}, {"index", each.name}, {"parameters", {parameter}}});
    }
  }
  Json out = {{"name", id.substr(0, slash)}, {"language", {{"code", id.substr(slash + 1)}}}};
  if (!components.empty()) out["components"] = std::move(components);
  return out;
}

}  // namespace whatsapp
