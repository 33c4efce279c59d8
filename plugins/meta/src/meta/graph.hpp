#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/host.hpp>

#include "meta/errors.hpp"

namespace meta {

// A file of a call: a blob of the host that goes out as a part of the form.
struct GraphFile {
  GraphFile(std::string part_, std::string blob_, std::string name_, std::string type_, std::int64_t size_)
      : part(std::move(part_)),
        blob(std::move(blob_)),
        name(std::move(name_)),
        type(std::move(type_)),
        size(size_) {}
  std::string part;
  std::string blob;
  std::string name;
  std::string type;
  std::int64_t size;  // bytes; 0 when it is not known
};

// Where the API is and what we are to it. Token and secret are names of placeholders.
struct GraphPlace {
  // `settings` may have graph_base, version and app_id.
  GraphPlace(const Json& settings, std::string token_, std::string secret_);
  std::string base = "https://graph.facebook.com";
  std::string version = "v26.0";
  std::string app_id;
  std::string token;   // "secret:page_token"
  std::string secret;  // "profile:app_secret"
};

// Whose token a call goes with.
class As {
 public:
  static As own() { return As(Kind::own, {}); }        // what is connected: the token of GraphPlace
  static As app() { return As(Kind::app, {}); }        // the app itself, by its id and secret
  static As nobody() { return As(Kind::nobody, {}); }  // the call says itself who asks
  // A placeholder, which the host fills in; that of a grant ("{{oauth:account}}") it refreshes too.
  static As token(std::string placeholder) { return As(Kind::token, std::move(placeholder)); }

  bool operator==(const As&) const = default;
  // The token in `place`, with placeholders; empty for nobody.
  std::string in(const GraphPlace& place) const;

 private:
  enum class Kind { own, app, nobody, token };
  As(Kind kind, std::string token) : kind_(kind), token_(std::move(token)) {}
  Kind kind_;
  std::string token_;
};

// One call of the Graph API.
struct GraphCall {
  GraphCall(std::string method_, std::string path_, Effect effect_, As as_ = As::own())
      : method(std::move(method_)), path(std::move(path_)), effect(effect_), as(std::move(as_)) {}
  std::string method;
  std::string path;  // behind the version: "me/accounts"
  Effect effect;
  As as;
  Json query = Json::object();       // may hold placeholders; never people's words
  Json body;                         // null: none. People's words may stand here: nothing is filled in
  Json form;                         // null, or fields with placeholders in place of a body
  Json json;                         // null, or a document with placeholders in place of a body
  std::vector<GraphFile> files;      // not empty: multipart/form-data with the members of `body`
  std::int64_t timeout_ms = 30'000;  // without the time that the files need
};

// The request of pb.http/1 for a call; its body is in `blobs`. Pure.
Json http_request(const GraphPlace& place, const GraphCall& call, std::vector<std::string>& blobs);

// The Graph API through the host. On the instance's strand.
class Graph {
 public:
  // `dialect` lives as long.
  Graph(const patchbay::Host& host, const Dialect& dialect, GraphPlace place)
      : host_(host), dialect_(dialect), place_(std::move(place)) {}

  void use(GraphPlace place) { place_ = std::move(place); }
  const GraphPlace& place() const { return place_; }

  // Answers the body. Throws Error: what error_of() says, or what the host says when there was no answer.
  patchbay::Task<Json> call(GraphCall call) const;

  // Fetches a file of a message into a blob, called `name` and of type `type` unless these are empty. `as`:
  // who asks, nobody where the address itself is the permission. Error(PB_NOT_FOUND) "<prefix>.file_gone":
  // the address holds no longer.
  patchbay::Task<patchbay::FileReply> download(std::string url, std::string name, std::string type = {},
                                               As as = As::nobody()) const;

 private:
  const patchbay::Host& host_;
  const Dialect& dialect_;
  GraphPlace place_;
};

}  // namespace meta
