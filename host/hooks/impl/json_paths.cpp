#include "hooks/json_paths.hpp"

#include <cstdint>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace patchbay::hooks {

struct JsonPaths::Node {
  Node* child(std::string_view token) {
    for (auto& node : children) {
      if (node.name == token) return &node;
    }
    return nullptr;
  }
  const Node* find(std::string_view token) const {
    for (const auto& node : children) {
      if (node.name == token) return &node;
    }
    return nullptr;
  }

  std::string name;
  std::vector<Node> children;
  bool star = false;  // the one child stands for every element
  std::vector<std::size_t> leaves;
};

namespace {

using nlohmann::json;
using Node = JsonPaths::Node;

std::vector<std::string> tokens_of(const std::string& pointer) {
  const auto refuse = [&] { return Error(Code::invalid, Text("hooks.pointer", {{"pointer", pointer}})); };
  if (pointer.empty() || pointer.front() != '/') throw refuse();
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      tokens.emplace_back();
    } else if (pointer[i] == '~') {
      if (i + 1 == pointer.size() || (pointer[i + 1] != '0' && pointer[i + 1] != '1')) throw refuse();
      tokens.back() += pointer[++i] == '0' ? '~' : '/';
    } else {
      tokens.back() += pointer[i];
    }
  }
  return tokens;
}

// Walks a document along the tree of pointers; what lies beside it has no node.
class Walker : public nlohmann::json_sax<json> {
 public:
  Walker(const Node& root, const JsonPaths::Found& found, bool strict)
      : root_(root), found_(found), strict_(strict) {}

  bool null() override { return scalar("", JsonPaths::Kind::boolean, false); }
  bool boolean(bool value) override {
    return scalar(value ? "true" : "false", JsonPaths::Kind::boolean, true);
  }
  bool number_integer(number_integer_t value) override {
    return scalar(std::to_string(value), JsonPaths::Kind::number, true);
  }
  bool number_unsigned(number_unsigned_t value) override {
    return scalar(std::to_string(value), JsonPaths::Kind::number, true);
  }
  bool number_float(number_float_t, const string_t& raw) override {
    return scalar(raw, JsonPaths::Kind::number, true);
  }
  bool string(string_t& value) override { return scalar(value, JsonPaths::Kind::string, true); }
  bool binary(binary_t&) override { return false; }
  bool key(string_t& name) override {
    const Node* node = stack_.back().node;
    next_ = node && !node->star ? node->find(name) : nullptr;
    return true;
  }
  bool start_object(std::size_t) override { return start(false); }
  bool start_array(std::size_t) override { return start(true); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  struct Frame {
    const Node* node;
    bool array;
    bool seen;
    std::size_t index;
  };

  const Node* enter() {
    if (stack_.empty()) return &root_;
    Frame& frame = stack_.back();
    const Node* node = next_;
    if (frame.array) {
      node = nullptr;
      if (frame.node) {
        node =
            frame.node->star ? &frame.node->children.front() : frame.node->find(std::to_string(frame.index));
      }
      ++frame.index;
    }
    if (node) frame.seen = true;
    return node;
  }

  bool scalar(const std::string& value, JsonPaths::Kind kind, bool is_there) {
    const Node* node = enter();
    if (!node) return true;
    if (strict_ && (!is_there || !node->children.empty() || kind != JsonPaths::Kind::string)) return false;
    if (!is_there) return true;
    for (const auto leaf : node->leaves) {
      if (!found_(leaf, value, kind)) return false;
    }
    return true;
  }

  bool start(bool array) {
    const Node* node = enter();
    if (strict_ && node && (!node->leaves.empty() || node->star != array)) return false;
    stack_.push_back(Frame{node, array, false, 0});
    return true;
  }

  bool end() {
    const Frame frame = stack_.back();
    stack_.pop_back();
    return !strict_ || !frame.node || frame.seen || frame.node->star;
  }

  const Node& root_;
  const JsonPaths::Found& found_;
  const bool strict_;
  const Node* next_ = nullptr;
  std::vector<Frame> stack_;
};

}  // namespace

JsonPaths::JsonPaths(const std::vector<std::string>& pointers, bool stars) : root_(std::make_unique<Node>()) {
  for (std::size_t i = 0; i < pointers.size(); ++i) {
    Node* node = root_.get();
    for (auto& token : tokens_of(pointers[i])) {
      const bool star = stars && token == "*";
      Node* child = node->child(token);
      if (!child) {
        if (!node->children.empty() && (star || node->star)) {
          throw Error(Code::invalid, Text("hooks.pointer", {{"pointer", pointers[i]}}));
        }
        node->star = star;
        child = &node->children.emplace_back();
        child->name = std::move(token);
      }
      node = child;
    }
    node->leaves.push_back(i);
  }
}

JsonPaths::JsonPaths(JsonPaths&&) noexcept = default;
JsonPaths::~JsonPaths() = default;

void JsonPaths::scan(std::string_view text, const Found& found) const {
  Walker walker(*root_, found, false);
  json::sax_parse(text.begin(), text.end(), &walker);
}

bool JsonPaths::all_of(std::string_view text, const std::function<bool(const std::string&)>& equal) const {
  std::size_t count = 0;
  const Found found = [&](std::size_t, std::string value, Kind) {
    ++count;
    return equal(value);
  };
  Walker walker(*root_, found, true);
  return json::sax_parse(text.begin(), text.end(), &walker) && count > 0;
}

}  // namespace patchbay::hooks
