#include "plugin/impl/services/fetch_spec.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "crypto/encoding.hpp"
#include "net/form.hpp"
#include "plugin/impl/services/reading.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;

constexpr Duration kLongest{600'000};
constexpr std::uint64_t kInline = 8u << 20;
constexpr std::uint64_t kMostInline = 15u << 20;  // a frame to a worker ends at 16 MiB
constexpr std::uint64_t kBlob = 50u << 20;
constexpr std::uint64_t kMostBlob = std::uint64_t{4} << 30;
constexpr int kMostRedirects = 10;
constexpr std::size_t kMostParts = 100;
constexpr std::size_t kLongestSession = 100;
constexpr const char* kTraceHeader = "traceparent";

bool has(const json& object, const char* name) {
  return object.contains(name) && !object.at(name).is_null();
}

std::string text_or(const json& object, const char* name, std::string fallback) {
  return has(object, name) ? text_field(object, name) : std::move(fallback);
}

std::string written(const json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// {"a": "x", "b": [1, 2]} as a=x, b=1, b=2.
FetchSpec::Pairs read_pairs(const json& object, const char* name) {
  FetchSpec::Pairs pairs;
  if (!has(object, name)) return pairs;
  if (!object.at(name).is_object()) bad_field(name);
  for (const auto& [key, value] : object.at(name).items()) {
    if (value.is_array()) {
      for (const auto& item : value) pairs.emplace_back(key, written(item));
    } else if (!value.is_null()) {
      pairs.emplace_back(key, written(value));
    }
  }
  return pairs;
}

bool one_of(const json& object, const char* name, const char* first, const char* second) {
  const auto text = text_or(object, name, first);
  if (text != first && text != second) bad_field(name);
  return text == second;
}

FetchSpec::Part read_part(const json& object) {
  if (!object.is_object()) bad_field("parts");
  FetchSpec::Part part;
  part.name = text_field(object, "name");
  part.file_name = text_or(object, "file_name", "");
  part.type = text_or(object, "type", "");
  if (has(object, "blob")) {
    part.blob = id_field(object, "blob");
    return part;
  }
  if (!object.contains("value")) bad_field("value");
  part.value = written(object.at("value"));
  if (has(object, "literal") && !object.at("literal").is_boolean()) bad_field("literal");
  part.literal = object.value("literal", false);
  return part;
}

void read_slice(const json& body, FetchSpec& spec) {
  FetchSpec::Slice slice;
  slice.blob = id_field(body, "blob");
  if (has(body, "offset")) slice.offset = number_field(body, "offset");
  if (has(body, "length")) slice.length = number_field(body, "length");
  if (slice.offset < 0) bad_field("body/offset");
  if (slice.length && *slice.length < 0) bad_field("body/length");
  spec.body = FetchSpec::Body::blob;
  spec.slice = slice;
}

void read_body(const json& request, const port::Call& call, FetchSpec& spec) {
  int bodies = 0;
  for (const char* name : {"json", "form", "body", "parts"}) bodies += request.contains(name) ? 1 : 0;
  if (bodies > 1) throw Error(Code::invalid, Text("plugin.several_bodies"));
  if (request.contains("json")) {
    spec.body = FetchSpec::Body::json;
    spec.json = request.at("json");
  } else if (has(request, "form")) {
    spec.body = FetchSpec::Body::form;
    spec.form = read_pairs(request, "form");
  } else if (has(request, "parts")) {
    const auto& parts = request.at("parts");
    if (!parts.is_array() || parts.empty() || parts.size() > kMostParts) bad_field("parts");
    spec.body = FetchSpec::Body::parts;
    for (const auto& part : parts) spec.parts.push_back(read_part(part));
  } else if (has(request, "body")) {
    if (!request.at("body").is_object()) bad_field("body");
    if (has(request.at("body"), "blob")) return read_slice(request.at("body"), spec);
    const auto index = number_field(request.at("body"), "blob_index");
    if (index < 0 || static_cast<std::size_t>(index) >= call.message.blobs.size())
      bad_field("body/blob_index");
    spec.body = FetchSpec::Body::raw;
    spec.raw = call.message.blobs[static_cast<std::size_t>(index)];
  }
}

void read_response(const json& request, FetchSpec& spec) {
  const auto response = has(request, "response") ? request.at("response") : json::object();
  if (!response.is_object()) bad_field("response");
  if (has(response, "blob") && !response.at("blob").is_boolean()) bad_field("response/blob");
  spec.to_blob = has(response, "blob") && response.at("blob").get<bool>();
  spec.max_response = spec.to_blob ? kBlob : kInline;
  if (has(response, "max")) {
    const auto max = number_field(response, "max");
    if (max < 1) bad_field("response/max");
    spec.max_response = std::min(static_cast<std::uint64_t>(max), spec.to_blob ? kMostBlob : kMostInline);
  }
  spec.blob_name = text_or(response, "name", "");
  spec.blob_type = text_or(response, "type", "application/octet-stream");
}

void read_way(const json& request, const port::Call& call, FetchSpec& spec) {
  if (has(request, "timeout_ms")) spec.timeout = Duration(number_field(request, "timeout_ms"));
  if (spec.timeout <= Duration(0)) bad_field("timeout_ms");
  spec.timeout = std::min(spec.timeout, kLongest);
  if (call.timeout > Duration(0)) spec.timeout = std::min(spec.timeout, call.timeout);
  spec.long_poll = one_of(request, "pool", "short", "long");

  const bool reads = spec.method == "GET" || spec.method == "HEAD";
  const bool is_safe = one_of(request, "retry", "never", "safe");
  spec.safe = reads || is_safe;
  spec.repeat = is_safe || (reads && !has(request, "retry"));

  const auto redirect = has(request, "redirect") ? request.at("redirect") : json::object();
  if (!redirect.is_object()) bad_field("redirect");
  const auto most = has(redirect, "max") ? number_field(redirect, "max") : 0;
  spec.max_redirects = static_cast<int>(std::clamp<std::int64_t>(most, 0, kMostRedirects));
  spec.auth_anywhere = one_of(redirect, "auth", "same-host", "any");
}

void read_session(const json& request, FetchSpec& spec) {
  if (!has(request, "session")) return;
  spec.session = text_field(request, "session");
  if (spec.session.empty() || spec.session.size() > kLongestSession) bad_field("session");
}

// "user:password": the password is a secret's, so it goes only where that may.
FetchSpec::LoginSpec read_login(net::Login::Scheme scheme, std::string_view text) {
  const auto [user, password] = split_at_colon(text);
  if (user.empty()) bad_field("auth");
  if (!has_placeholder(password)) throw Error(Code::invalid, Text("plugin.password_not_secret"));
  FetchSpec::LoginSpec login;
  login.scheme = scheme;
  login.user = user;
  login.password = password;
  return login;
}

// After read_session.
void read_auth(const json& request, FetchSpec& spec) {
  const auto auth = text_or(request, "auth", "");
  const auto colon = std::min(auth.find(':'), auth.size());
  const auto kind = auth.substr(0, colon);
  const auto rest = std::string_view(auth).substr(std::min(colon + 1, auth.size()));
  if (kind == "digest") {
    spec.login = read_login(net::Login::Scheme::digest, rest);
  } else if (kind == "ntlm") {
    if (spec.session.empty()) throw Error(Code::invalid, Text("plugin.ntlm_needs_session"));
    spec.login = read_login(net::Login::Scheme::ntlm, rest);
  } else if (kind == "oauth") {
    spec.auth = "bearer:{{" + auth + "}}";
  } else if (auth.empty() || auth.starts_with("bearer:") || auth.starts_with("basic:")) {
    spec.auth = auth;
  } else {
    throw Error(Code::unsupported, Text("plugin.auth_unsupported", {{"auth", kind.substr(0, 20)}}));
  }
}

std::string filled_auth(const std::string& auth, const SecretValues& values) {
  const auto colon = auth.find(':');
  const auto rest = fill(auth.substr(colon + 1), values, Place::plain);
  return auth.starts_with("bearer:") ? "Bearer " + rest : "Basic " + crypto::to_base64(rest);
}

// Strings anywhere in a document.
template <class Visit>
void each_text(json& value, const Visit& visit) {
  if (value.is_string()) {
    visit(value.get_ref<std::string&>());
  } else if (value.is_structured()) {
    for (auto& item : value) each_text(item, visit);
  }
}

std::string encoded(const FetchSpec::Pairs& pairs, const SecretValues& values) {
  net::Fields filled;
  for (const auto& [name, value] : pairs) filled.emplace_back(name, fill(value, values, Place::plain));
  return net::encode_form(filled);
}

// What stands before the '?', and the rest; without the fragment.
std::pair<std::string_view, std::string_view> halves_of(std::string_view url) {
  url = url.substr(0, url.find('#'));
  const auto mark = std::min(url.find('?'), url.size());
  return {url.substr(0, mark), url.substr(mark)};
}

// The scheme, host and port are never filled in: they decide where secrets may go.
std::string filled_url(const FetchSpec& spec, const SecretValues& values) {
  const auto [path, rest] = halves_of(spec.url);
  auto out = fill(path, values, Place::path) + fill(rest, values, Place::query);
  const auto query = encoded(spec.query, values);
  if (!query.empty()) out += (rest.empty() ? "?" : "&") + query;
  return out;
}

std::string lower_case(std::string name) {
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return name;
}

// Who answers may write the id into its own records (HOOK-5); a plugin that has said one knows better.
void hand_on_trace(const std::string& trace, FetchSpec& spec) {
  const bool said = std::any_of(spec.headers.begin(), spec.headers.end(),
                                [](const auto& header) { return lower_case(header.first) == kTraceHeader; });
  if (!said && !trace.empty()) spec.headers.emplace_back(kTraceHeader, trace);
}

void fill_headers(const FetchSpec& spec, const SecretValues& values, net::HttpRequest& request) {
  bool has_type = false;
  for (const auto& [name, value] : spec.headers) {
    const auto plain = lower_case(name);
    has_type = has_type || plain == "content-type";
    if (has_placeholder(value)) request.private_headers.push_back(plain);
    request.headers.emplace_back(name, fill(value, values, Place::plain));
  }
  if (!spec.auth.empty()) request.headers.emplace_back("Authorization", filled_auth(spec.auth, values));
  if (has_type) return;
  if (spec.body == FetchSpec::Body::json) request.headers.emplace_back("Content-Type", "application/json");
  if (spec.body == FetchSpec::Body::form) {
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  }
}

void fill_body(const FetchSpec& spec, const SecretValues& values, net::HttpRequest& request) {
  if (spec.body == FetchSpec::Body::json) {
    auto document = spec.json;
    each_text(document, [&](std::string& text) { text = fill(text, values, Place::plain); });
    request.body = document.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  if (spec.body == FetchSpec::Body::form) request.body = encoded(spec.form, values);
  if (spec.body == FetchSpec::Body::raw) request.body = spec.raw;
  for (const auto& part : spec.parts) {
    auto& out = request.parts.emplace_back();
    out.name = part.name;
    out.file_name = part.file_name;
    out.type = part.type;
    out.data = part.literal ? part.value : fill(part.value, values, Place::plain);
  }
}

}  // namespace

FetchSpec read_fetch(const port::Call& call) {
  const auto request = request_of(call);
  FetchSpec spec;
  spec.method = text_or(request, "method", "GET");
  spec.url = text_field(request, "url");
  spec.query = read_pairs(request, "query");
  spec.headers = read_pairs(request, "headers");
  read_session(request, spec);
  read_auth(request, spec);
  read_body(request, call, spec);
  read_way(request, call, spec);
  read_response(request, spec);
  hand_on_trace(call.trace, spec);
  return spec;
}

SecretNames secrets_of(const FetchSpec& spec) {
  SecretNames names;
  // In the pieces in which it is filled in: a placeholder that never closes hides those behind it.
  const auto [path, rest] = halves_of(spec.url);
  collect_names(path, names);
  collect_names(rest, names);
  collect_names(spec.auth, names);
  if (spec.login) {
    collect_names(spec.login->user, names);
    collect_names(spec.login->password, names);
  }
  for (const auto* pairs : {&spec.query, &spec.headers, &spec.form}) {
    for (const auto& [name, value] : *pairs) collect_names(value, names);
  }
  for (const auto& part : spec.parts) {
    if (!part.literal) collect_names(part.value, names);
  }
  auto document = spec.json;
  each_text(document, [&](const std::string& text) { collect_names(text, names); });
  return names;
}

net::HttpRequest build_request(const FetchSpec& spec, const SecretValues& values) {
  net::HttpRequest request(spec.method, filled_url(spec, values));
  fill_headers(spec, values, request);
  fill_body(spec, values, request);
  if (spec.login) {
    auto& login = request.login.emplace();
    login.scheme = spec.login->scheme;
    login.user = fill(spec.login->user, values, Place::plain);
    login.password = fill(spec.login->password, values, Place::plain);
  }
  request.max_response = spec.max_response;
  request.max_redirects = spec.max_redirects;
  request.long_poll = spec.long_poll;
  return request;
}

}  // namespace patchbay::plugin
