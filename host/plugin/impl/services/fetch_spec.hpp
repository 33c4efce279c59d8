#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "net/http.hpp"
#include "plugin/impl/services/placeholders.hpp"
#include "port/message.hpp"

namespace patchbay::plugin {

// The request of pb.http/1:fetch (sdk/docs/verbs.md), read and checked; texts still hold their placeholders.
struct FetchSpec {
  enum class Body { none, json, form, raw, blob, parts };
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  struct Part {
    std::string name;
    std::string value;
    bool literal = false;  // no placeholders in `value`
    std::optional<Id> blob;
    std::string file_name;
    std::string type;
  };

  struct LoginSpec {
    net::Login::Scheme scheme = net::Login::Scheme::digest;
    std::string user;
    std::string password;  // holds a placeholder
  };

  std::string method = "GET";
  std::string url;
  Pairs query;
  Pairs headers;
  std::string auth;                // what the Authorization header says
  std::optional<LoginSpec> login;  // answers the server's challenge instead
  std::string session;             // empty: none
  Body body = Body::none;
  nlohmann::json json;
  Pairs form;
  std::string raw;
  struct Slice {  // of a blob
    Id blob = 0;
    std::int64_t offset = 0;
    std::optional<std::int64_t> length;  // none: to its end
  };
  std::optional<Slice> slice;
  std::vector<Part> parts;
  Duration timeout{30'000};
  bool safe = false;    // may be sent twice and does not count as acting
  bool repeat = false;  // the host repeats it when no answer comes
  bool to_blob = false;
  std::uint64_t max_response = 0;
  std::string blob_name;
  std::string blob_type;
  int max_redirects = 0;
  bool auth_anywhere = false;
  bool long_poll = false;
};

// Pure. Throws Error{invalid} that names the field, Error{unsupported} for a kind of auth that is not known.
FetchSpec read_fetch(const port::Call& call);

// Every secret that it wants.
SecretNames secrets_of(const FetchSpec& spec);

// The request with secrets filled in, each encoded for its place; parts that come from blobs are left to the
// caller.
net::HttpRequest build_request(const FetchSpec& spec, const SecretValues& values);

}  // namespace patchbay::plugin
