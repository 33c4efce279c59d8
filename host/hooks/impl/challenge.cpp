#include "hooks/challenge.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"
#include "hooks/form.hpp"
#include "hooks/impl/spec.hpp"

namespace patchbay::hooks {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxEcho = 512;

const json& object_field(const json& spec, const std::string& field) {
  const auto found = spec.find(field);
  if (found == spec.end() || !found->is_object()) refuse_field(field);
  return *found;
}

}  // namespace

Challenge Challenge::compile(const std::string& text, const SecretLookup& lookup) {
  const auto spec = parse_spec(text, "challenge", {"when", "reply"});
  const json& when = object_field(spec, "when");
  Challenge challenge;
  challenge.method_ = string_field(when, "method", "GET");
  const auto query = when.find("query");
  if (query == when.end()) refuse_field("query");
  if (query->is_object()) {
    for (const auto& [field, value] : query->items()) {
      challenge.conditions_.push_back({field, look_up(lookup, string_field(*query, field))});
    }
  } else {
    for (auto& field : strings_field(when, "query")) challenge.conditions_.push_back({std::move(field), {}});
  }
  if (challenge.conditions_.empty()) refuse_field("query");
  const json& reply = object_field(spec, "reply");
  if (reply.contains("text")) {
    challenge.text_ = parse_template(string_field(reply, "text"), lookup);
    return challenge;
  }
  const json& members = object_field(reply, "json");
  for (const auto& [name, value] : members.items()) {
    challenge.members_.emplace_back(name, parse_template(string_field(members, name), lookup));
  }
  if (challenge.members_.empty()) refuse_field("json");
  return challenge;
}

Challenge::Template Challenge::parse_template(const std::string& text, const SecretLookup& lookup) {
  Template pieces;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto open = rest.find('{');
    const auto close = open == std::string_view::npos ? open : rest.find('}', open);
    if (close == std::string_view::npos) {
      pieces.push_back({Piece::Kind::text, std::string(rest), {}});
      break;
    }
    if (open > 0) pieces.push_back({Piece::Kind::text, std::string(rest.substr(0, open)), {}});
    std::string_view inner = rest.substr(open + 1, close - open - 1);
    rest.remove_prefix(close + 1);
    if (take_prefix(inner, "query:")) {
      pieces.push_back({Piece::Kind::query, std::string(inner), {}});
      continue;
    }
    if (!take_prefix(inner, "hmac-sha256-hex:")) refuse_field("reply");
    const auto at = inner.find(":query:");
    if (at == std::string_view::npos || inner.starts_with("text:")) refuse_field("reply");
    auto keys = look_up(lookup, std::string(inner.substr(0, at)));
    pieces.push_back({Piece::Kind::hmac, std::string(inner.substr(at + 7)), std::move(keys.front())});
  }
  return pieces;
}

std::string Challenge::fill(const Template& pieces, const Request& request) {
  std::string out;
  for (const auto& piece : pieces) {
    if (piece.kind == Piece::Kind::text) {
      out += piece.text;
      continue;
    }
    const auto value = form_field(request.query, piece.text).value_or("");
    out += piece.kind == Piece::Kind::query
               ? value
               : crypto::to_hex(crypto::hmac(crypto::Hash::sha256, piece.key, value));
  }
  return out;
}

std::optional<Answer> Challenge::answer(const Request& request) const {
  if (request.method != method_) return std::nullopt;
  bool right = true;
  for (const auto& condition : conditions_) {
    const auto value = form_field(request.query, condition.field);
    if (!value) return std::nullopt;
    bool matches = condition.values.empty();
    for (const auto& wanted : condition.values) matches |= crypto::equal(wanted, *value);
    right &= matches;
  }
  if (!right) return Answer(401);
  Answer answer(200, "text/plain; charset=utf-8", fill(text_, request));
  if (!members_.empty()) {
    auto object = json::object();
    for (const auto& [name, pieces] : members_) object[name] = fill(pieces, request);
    answer.type = "application/json";
    answer.body = object.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  if (answer.body.size() > kMaxEcho) return Answer(400);
  answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
  return answer;
}

}  // namespace patchbay::hooks
