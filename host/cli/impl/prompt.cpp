#include "cli/impl/prompt.hpp"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <set>

#include "base/error.hpp"
#include "cli/exit_code.hpp"
#include "schema/schema.hpp"

namespace patchbay::cli {
namespace {

using nlohmann::json;

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// While it lives a terminal does not show what is typed.
class Unseen {
 public:
  explicit Unseen(bool wanted)
      : on_(wanted && ::isatty(STDIN_FILENO) != 0 && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!on_) return;
    auto silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  ~Unseen() {
    if (!on_) return;
    ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    std::cout << '\n';
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool on_;
};

std::string read_whole_line(bool is_secret) {
  std::cout << "> " << std::flush;
  const Unseen unseen(is_secret);
  std::string line;
  if (!std::getline(std::cin, line)) throw Error(Code::invalid, Text("cli.input_ended"));
  return line;
}

std::string read_line(bool is_secret) {
  const auto line = read_whole_line(is_secret);
  const auto first = line.find_first_not_of(" \t\r");
  if (first == line.npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

void print_options(const Options& options) {
  for (std::size_t i = 0; i < options.size(); ++i)
    std::cout << "  " << i + 1 << ") " << options[i].second << '\n';
}

// By number, or by the value itself.
const json* option_of(const Options& options, const std::string& answer) {
  std::size_t number = 0;
  const auto* end = answer.data() + answer.size();
  const auto [stop, error] = std::from_chars(answer.data(), end, number);
  if (error == std::errc() && stop == end && number >= 1 && number <= options.size())
    return &options[number - 1].first;
  const auto found = std::find_if(options.begin(), options.end(), [&](const auto& option) {
    return option.first == json(answer) || option.second == answer;
  });
  return found == options.end() ? nullptr : &found->first;
}

Options options_of(const json& schema) {
  Options out;
  const auto titles = schema.value("x-titles", json::object());
  for (const auto& value : schema.value("enum", json::array())) {
    const auto plain = value.is_string() ? value.get<std::string>() : value.dump();
    out.emplace_back(value, titles.value(plain, plain));
  }
  return out;
}

void print_question(const schema::Field& field, const json& present) {
  auto title = text_at(field.schema, "title");
  if (title.empty()) title = field.pointer.substr(1);
  std::cout << '\n' << title << (field.required ? "" : " (optional)");
  if (!present.is_null())
    std::cout << " [" << (present.is_string() ? present.get<std::string>() : present.dump()) << "]";
  std::cout << '\n';
  for (const auto* part : {"description", "x-help-url"}) {
    if (const auto words = text_at(field.schema, part); !words.empty()) std::cout << "  " << words << '\n';
  }
  if (const auto example = text_at(field.schema, "x-placeholder"); !example.empty())
    std::cout << "  e.g. " << example << '\n';
}

// Nothing when the words cannot be such a value.
std::optional<json> value_of(const json& schema, const Options& options, const std::string& answer) {
  const auto type = text_at(schema, "type");
  if (type == "array") {
    auto all = json::array();
    for (std::size_t at = 0; at <= answer.size();) {
      const auto comma = std::min(answer.find(',', at), answer.size());
      auto part = answer.substr(at, comma - at);
      part.erase(0, part.find_first_not_of(' '));
      part.erase(part.find_last_not_of(' ') + 1);
      const auto item = value_of(schema.value("items", json::object()), options, part);
      if (!item) return std::nullopt;
      all.push_back(*item);
      at = comma + 1;
    }
    return all;
  }
  if (!options.empty()) {
    const auto* option = option_of(options, answer);
    return option == nullptr ? std::nullopt : std::optional(*option);
  }
  if (type == "boolean") {
    const std::set<std::string> yes = {"y", "yes", "true", "1"};
    const std::set<std::string> no = {"n", "no", "false", "0"};
    if (yes.contains(answer)) return json(true);
    if (no.contains(answer)) return json(false);
    return std::nullopt;
  }
  if (type == "integer" || type == "number") {
    auto number = json::parse(answer, nullptr, false);
    return number.is_number() ? std::optional(number) : std::nullopt;
  }
  if (type == "object") {
    auto object = json::parse(answer, nullptr, false);
    return object.is_object() ? std::optional(object) : std::nullopt;
  }
  return json(answer);
}

}  // namespace

std::string ask_secret(const Text& title) {
  std::cout << title.in(language()) << '\n';
  auto line = read_whole_line(true);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

std::size_t ask_which(const std::string& title, const Options& options) {
  std::cout << '\n' << title << '\n';
  print_options(options);
  for (;;) {
    const auto* option = option_of(options, read_line(false));
    if (option == nullptr) {
      std::cout << Text("cli.wrong_choice", {{"most", std::to_string(options.size())}}).in(language())
                << '\n';
      continue;
    }
    for (std::size_t i = 0; i < options.size(); ++i) {
      if (&options[i].first == option) return i;
    }
  }
}

json ask_field(const schema::Field& field, const Options& choices, const json& present) {
  print_question(field, present);
  const bool is_list = text_at(field.schema, "type") == "array";
  auto options = choices;
  if (options.empty())
    options = options_of(is_list ? field.schema.value("items", json::object()) : field.schema);
  print_options(options);
  if (is_list) std::cout << "  " << Text("cli.several").in(language()) << '\n';
  // By itself the field is no form, where alone a secret may stand.
  auto plain = field.schema;
  plain.erase("x-secret");
  const auto checked = schema::Schema::compile(plain, field.pointer);
  for (;;) {
    const auto answer = read_line(field.schema.value("x-secret", false));
    if (answer.empty() && !present.is_null()) return present;
    if (answer.empty() && !field.required) return json();
    const auto value = answer.empty() ? std::nullopt : value_of(field.schema, options, answer);
    if (!value) {
      std::cout << (options.empty() ? Text("cli.wrong_value")
                                    : Text("cli.wrong_choice", {{"most", std::to_string(options.size())}}))
                       .in(language())
                << '\n';
      continue;
    }
    const auto findings = checked.check(*value);
    if (findings.empty()) return *value;
    std::cout << findings.front().summary.in(language()) << '\n';
  }
}

std::size_t ask_form(const json& form, json& value, const Answering& answering) {
  std::set<std::string> asked;
  // An answer may bring up further fields.
  for (bool more = true; more;) {
    more = false;
    for (auto field : schema::fields(form, value)) {
      const json::json_pointer at(field.pointer);
      const auto standard = field.schema.value("default", json());
      if (value.contains(at) && value.at(at) != standard) continue;
      if (!asked.insert(field.pointer).second) continue;
      if (answering.set.contains(field.pointer)) field.required = false;
      const auto remote = field.schema.contains("x-choices") && answering.choices
                              ? answering.choices(field.pointer, value)
                              : Options();
      auto answer = ask_field(field, remote, standard);
      if (!answer.is_null()) value[at] = std::move(answer);
      if (answering.answered) answering.answered(value);
      more = true;
      break;
    }
  }
  return asked.size();
}

}  // namespace patchbay::cli
