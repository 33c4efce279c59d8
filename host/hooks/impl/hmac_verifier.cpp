#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include <nlohmann/json.hpp>

#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "crypto/secure.hpp"
#include "hooks/form.hpp"
#include "hooks/impl/spec.hpp"
#include "hooks/impl/verifiers.hpp"

namespace patchbay::hooks {

namespace {

using nlohmann::json;

struct Part {
  enum class Kind { body, url, form, header, query, text };
  Part(Kind k, std::string n) : kind(k), name(std::move(n)) {}
  Kind kind;
  std::string name;
};

Part parse_part(std::string_view text) {
  if (text == "body") return Part(Part::Kind::body, "");
  if (text == "url") return Part(Part::Kind::url, "");
  if (text == "form-sorted") return Part(Part::Kind::form, "");
  if (take_prefix(text, "header:")) return Part(Part::Kind::header, lower_case(std::string(text)));
  if (take_prefix(text, "query:")) return Part(Part::Kind::query, std::string(text));
  if (take_prefix(text, "text:")) return Part(Part::Kind::text, std::string(text));
  throw Error(Code::invalid, Text("hooks.message_part", {{"part", std::string(text)}}));
}

bool is_form(const Request& request) {
  const std::string* type = request.header("content-type");
  return type && is_form_type(*type);
}

std::string sorted_form(const std::string& body) {
  auto fields = parse_form(body);
  std::sort(fields.begin(), fields.end());
  fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
  std::string text;
  for (const auto& [name, value] : fields) text += name + value;
  return text;
}

// The address with its port written out, or without: providers sign either.
std::string other_port_form(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const auto host = scheme + 3;
  const auto end = std::min(url.find_first_of("/?", host), url.size());
  const auto authority = url.substr(host, end - host);
  const auto colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  std::string other(url.substr(0, host));
  other += has_port ? authority.substr(0, colon) : authority;
  if (!has_port) other += url.starts_with("https:") ? ":443" : ":80";
  return other.append(url.substr(end));
}

class Hmac final : public Verifier {
 public:
  Hmac(const std::string& text, const SecretLookup& lookup) {
    const auto spec = parse_spec(text, "verify",
                                 {"type", "hash", "key", "message", "header", "strip", "encoding",
                                  "timestamp", "tolerance_s", "url_ports", "body_sha256"});
    const auto hash = crypto::parse_hash(string_field(spec, "hash"));
    if (!hash) refuse_field("hash");
    hash_ = *hash;
    header_ = lower_case(string_field(spec, "header"));
    strip_ = string_field(spec, "strip", "");
    base64_ = flag(spec, "encoding", "hex", "base64");
    both_ports_ = flag(spec, "url_ports", "as-configured", "both");
    body_field_ = string_field(spec, "body_sha256", "");
    for (const auto& part : strings_field(spec, "message")) parts_.push_back(parse_part(part));
    read_tolerance(spec);
    keys_ = secrets_field(spec, "key", lookup);
  }

  bool accepts(const Request& request, const Context& context) const override {
    const auto given = signature(request);
    if (!given || !is_fresh(request, context.now) || !covers_body(request)) return false;
    std::string url(context.url);
    if (!request.query.empty()) url += "?" + request.query;
    bool found = signs(request, url, *given);
    if (both_ports_) found |= signs(request, other_port_form(url), *given);
    return found;
  }

  // With a body where the method has one, so that it shows what becomes of it on the way.
  bool sign(Request& request, const Context& context) const override {
    if (request.method != "GET") {
      const bool form = has(Part::Kind::form);
      request.headers.emplace_back("content-type",
                                   form ? "application/x-www-form-urlencoded" : "application/json");
      request.body = form ? "self=test" : R"({"self": "test"})";
    }
    for (const auto& part : parts_) {
      if (part.kind == Part::Kind::header && !request.header(part.name))
        request.headers.emplace_back(part.name, part.name == timestamp_ ? seconds_of(context.now) : "test");
      if (part.kind == Part::Kind::query) add_query(request, part.name, "test");
    }
    if (!body_field_.empty() && !request.body.empty())
      add_query(request, body_field_, crypto::to_hex(crypto::digest(crypto::Hash::sha256, request.body)));
    std::string url(context.url);
    if (!request.query.empty()) url += "?" + request.query;
    const auto text = message(request, url);
    if (!text) return false;
    const auto mac = crypto::hmac(hash_, keys_.front(), *text);
    request.headers.emplace_back(header_, strip_ + (base64_ ? crypto::to_base64(mac) : crypto::to_hex(mac)));
    return true;
  }

 private:
  static std::string seconds_of(TimePoint time) {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
  }
  static void add_query(Request& request, const std::string& name, const std::string& value) {
    request.query += (request.query.empty() ? "" : "&") + name + "=" + value;
  }

  static bool flag(const json& spec, const std::string& field, const char* usual, const char* other) {
    const auto value = string_field(spec, field, usual);
    if (value != usual && value != other) refuse_field(field);
    return value == other;
  }

  bool has(Part::Kind kind, const std::string& name = {}) const {
    return std::any_of(parts_.begin(), parts_.end(),
                       [&](const Part& part) { return part.kind == kind && part.name == name; });
  }

  void read_tolerance(const json& spec) {
    timestamp_ = lower_case(string_field(spec, "timestamp", ""));
    const auto tolerance = spec.find("tolerance_s");
    if ((tolerance == spec.end()) != timestamp_.empty()) refuse_field("tolerance_s");
    if (timestamp_.empty()) return;
    if (!tolerance->is_number_unsigned() || *tolerance == 0 || *tolerance > 86400)
      refuse_field("tolerance_s");
    if (!has(Part::Kind::header, timestamp_)) refuse_field("timestamp");
    tolerance_ = std::chrono::seconds(tolerance->get<int>());
  }

  std::optional<std::string> signature(const Request& request) const {
    const std::string* value = request.header(header_);
    if (!value) return std::nullopt;
    std::string_view text = *value;
    if (!take_prefix(text, strip_)) return std::nullopt;
    return base64_ ? crypto::from_base64(text) : crypto::from_hex(text);
  }

  bool is_fresh(const Request& request, TimePoint now) const {
    if (timestamp_.empty()) return true;
    const std::string* text = request.header(timestamp_);
    std::int64_t value = 0;
    if (!text || text->empty() || text->size() > 13) return false;
    const auto read = std::from_chars(text->data(), text->data() + text->size(), value);
    if (read.ec != std::errc() || read.ptr != text->data() + text->size()) return false;
    if (text->size() < 13) value *= 1000;
    const auto age = now.time_since_epoch().count() - value;
    return std::llabs(age) <= tolerance_.count();
  }

  // A signature over less than the body would let everybody write the body.
  bool covers_body(const Request& request) const {
    if (request.body.empty() || has(Part::Kind::body)) return true;
    if (has(Part::Kind::form) && is_form(request)) return is_exact_form(request.body);
    if (body_field_.empty() || !has(Part::Kind::url)) return false;
    const auto given = form_field(request.query, body_field_);
    const auto raw = given ? crypto::from_hex(*given) : std::nullopt;
    return raw && crypto::equal(*raw, crypto::digest(crypto::Hash::sha256, request.body));
  }

  std::optional<std::string> message(const Request& request, const std::string& url) const {
    std::string text;
    for (const auto& part : parts_) {
      switch (part.kind) {
        case Part::Kind::body:
          text += request.body;
          break;
        case Part::Kind::url:
          text += url;
          break;
        case Part::Kind::form:
          text += is_form(request) ? sorted_form(request.body) : std::string();
          break;
        case Part::Kind::text:
          text += part.name;
          break;
        case Part::Kind::header: {
          const std::string* value = request.header(part.name);
          if (!value) return std::nullopt;
          text += *value;
          break;
        }
        case Part::Kind::query: {
          const auto value = form_field(request.query, part.name);
          if (!value) return std::nullopt;
          text += *value;
          break;
        }
      }
    }
    return text;
  }

  bool signs(const Request& request, const std::string& url, const std::string& given) const {
    const auto text = message(request, url);
    if (!text) return false;
    bool found = false;
    for (const auto& key : keys_) found |= crypto::equal(crypto::hmac(hash_, key, *text), given);
    return found;
  }

  crypto::Hash hash_ = crypto::Hash::sha256;
  std::vector<std::string> keys_;
  std::vector<Part> parts_;
  std::string header_;
  std::string strip_;
  std::string timestamp_;
  std::string body_field_;
  Duration tolerance_{0};
  bool base64_ = false;
  bool both_ports_ = false;
};

}  // namespace

std::unique_ptr<const Verifier> compile_hmac(const std::string& spec, const SecretLookup& lookup) {
  return std::make_unique<Hmac>(spec, lookup);
}

}  // namespace patchbay::hooks
