#include "hooks/verifier.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"
#include "hooks/impl/spec.hpp"
#include "hooks/impl/verifiers.hpp"
#include "hooks/json_paths.hpp"

namespace patchbay::hooks {

using nlohmann::json;

std::vector<std::string> secrets_field(const json& spec, const std::string& field,
                                       const SecretLookup& lookup) {
  std::vector<std::string> all;
  for (const auto& reference : strings_field(spec, field)) {
    if (reference.starts_with("text:")) refuse_field(field);
    for (auto& value : look_up(lookup, reference)) all.push_back(std::move(value));
  }
  return all;
}

namespace {

// Looks at every secret, whichever matches, so that the time says nothing.
bool equals_any(const std::vector<std::string>& secrets, std::string_view value) {
  bool found = false;
  for (const auto& secret : secrets) found |= crypto::equal(secret, value);
  return found;
}

class HeaderEquals final : public Verifier {
 public:
  HeaderEquals(const std::string& text, const SecretLookup& lookup) {
    const auto spec = parse_spec(text, "verify", {"type", "header", "secret"});
    header_ = lower_case(string_field(spec, "header"));
    secrets_ = secrets_field(spec, "secret", lookup);
  }
  bool accepts(const Request& request, const Context&) const override {
    const std::string* value = request.header(header_);
    return value && equals_any(secrets_, *value);
  }
  bool sign(Request& request, const Context&) const override {
    request.headers.emplace_back(header_, secrets_.front());
    return true;
  }
  std::vector<std::string> secret_headers() const override { return {header_}; }

 private:
  std::string header_;
  std::vector<std::string> secrets_;
};

class Basic final : public Verifier {
 public:
  Basic(const std::string& text, const SecretLookup& lookup) {
    const auto spec = parse_spec(text, "verify", {"type", "user", "password"});
    const auto users = look_up(lookup, string_field(spec, "user"));
    for (const auto& password : secrets_field(spec, "password", lookup)) {
      for (const auto& user : users) credentials_.push_back(user + ":" + password);
    }
  }
  bool accepts(const Request& request, const Context&) const override {
    const std::string* value = request.header("authorization");
    if (!value || value->size() < 6 || lower_case(value->substr(0, 6)) != "basic ") return false;
    const auto decoded = crypto::from_base64(std::string_view(*value).substr(6));
    return decoded && equals_any(credentials_, *decoded);
  }
  bool sign(Request& request, const Context&) const override {
    request.headers.emplace_back("authorization", "Basic " + crypto::to_base64(credentials_.front()));
    return true;
  }
  std::vector<std::string> secret_headers() const override { return {"authorization"}; }

 private:
  std::vector<std::string> credentials_;
};

class JsonEquals final : public Verifier {
 public:
  JsonEquals(const std::string& text, const SecretLookup& lookup)
      : JsonEquals(parse_spec(text, "verify", {"type", "pointer", "secret"}), lookup) {}
  bool accepts(const Request& request, const Context&) const override {
    return paths_.all_of(request.body,
                         [this](const std::string& value) { return equals_any(secrets_, value); });
  }
  bool sign(Request& request, const Context&) const override {
    auto pointer = pointer_;
    for (auto at = pointer.find("/*"); at != pointer.npos; at = pointer.find("/*")) pointer[at + 1] = '0';
    json body;
    body[json::json_pointer(pointer)] = secrets_.front();
    request.headers.emplace_back("content-type", "application/json");
    request.body = body.dump();
    return true;
  }
  // In place, from string to string: the rest stays as it came.
  void hide_secrets(std::string& body) const override {
    for (auto at = body.find('"'); at != body.npos;) {
      auto end = at + 1;
      while (end < body.size() && body[end] != '"') end += body[end] == '\\' ? 2 : 1;
      if (end >= body.size()) return;
      if (is_secret(std::string_view(body).substr(at, end + 1 - at)) && !is_name(body, end + 1))
        std::fill(body.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                  body.begin() + static_cast<std::ptrdiff_t>(end), '*');
      at = body.find('"', end + 1);
    }
  }

 private:
  bool is_secret(std::string_view quoted) const {
    if (quoted.find('\\') == quoted.npos) return equals_any(secrets_, quoted.substr(1, quoted.size() - 2));
    const auto value = json::parse(quoted, nullptr, false);
    return value.is_string() && equals_any(secrets_, value.get_ref<const std::string&>());
  }
  static bool is_name(const std::string& body, std::size_t after) {
    const auto next = body.find_first_not_of(" \t\r\n", after);
    return next != body.npos && body[next] == ':';
  }

  JsonEquals(const json& spec, const SecretLookup& lookup)
      : pointer_(string_field(spec, "pointer")),
        paths_({pointer_}, true),
        secrets_(secrets_field(spec, "secret", lookup)) {}
  std::string pointer_;
  JsonPaths paths_;
  std::vector<std::string> secrets_;
};

class SessionVerifier final : public Verifier {
 public:
  bool wants_session() const override { return true; }
  bool accepts(const Request&, const Context& context) const override { return context.has_session; }
  std::string_view verdict() const override { return "session"; }
  std::vector<std::string> secret_headers() const override { return {"authorization"}; }
};

class None final : public Verifier {
 public:
  bool accepts(const Request&, const Context&) const override { return true; }
  bool sign(Request&, const Context&) const override { return true; }
  std::string_view verdict() const override { return "open"; }
};

std::string type_of(const std::string& text) {
  const auto spec = json::parse(text, nullptr, false);
  if (!spec.is_object()) throw Error(Code::invalid, Text("hooks.spec_object", {{"part", "verify"}}));
  return string_field(spec, "type");
}

}  // namespace

std::unique_ptr<const Verifier> Verifier::compile(const std::string& spec, const SecretLookup& lookup,
                                                  bool consent) {
  const std::string type = type_of(spec);
  if (type == "header-equals") return std::make_unique<HeaderEquals>(spec, lookup);
  if (type == "hmac") return compile_hmac(spec, lookup);
  if (type == "jwt") return compile_jwt(spec, lookup);
  if (type == "basic") return std::make_unique<Basic>(spec, lookup);
  if (type == "json-equals") return std::make_unique<JsonEquals>(spec, lookup);
  if (type == "session") {
    parse_spec(spec, "verify", {"type"});
    return std::make_unique<SessionVerifier>();
  }
  if (type == "plugin") throw Error(Code::invalid, Text("hooks.verifier_plugin"));
  if (type != "none") throw Error(Code::invalid, Text("hooks.verifier_unknown", {{"type", type}}));
  parse_spec(spec, "verify", {"type"});
  if (!consent) throw Error(Code::denied, Text("hooks.consent_missing"));
  return std::make_unique<None>();
}

}  // namespace patchbay::hooks
