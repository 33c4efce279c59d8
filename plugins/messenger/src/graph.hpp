#pragma once

#include <string>
#include <utility>
#include <vector>

#include <patchbay/host.hpp>

#include "graph_error.hpp"

namespace messenger {

// Whose token a call goes with. All are placeholders here; the host fills them in.
enum class As {
  page,    // the page, by the token that set-up has found
  person,  // who signed in
  keeper,  // the same person by the long-lived token that was made of it
  app,     // the app itself, by its id and secret
  nobody   // the call says itself who asks
};

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

// One call of the Graph API.
struct GraphCall {
  GraphCall(std::string method_, std::string path_, Effect effect_, As as_ = As::page)
      : method(std::move(method_)), path(std::move(path_)), effect(effect_), as(as_) {}
  std::string method;
  std::string path;  // behind the version: "me/accounts"
  Effect effect;
  As as;
  Json query = Json::object();       // may hold placeholders; never people's words
  Json body;                         // null: none. People's words may stand here: nothing is filled in
  Json form;                         // null, or fields with placeholders in place of a body
  std::vector<GraphFile> files;      // not empty: multipart/form-data with the members of `body`
  std::int64_t timeout_ms = 30'000;  // without the time that the files need
};

// Where the API is and what we are to it: values of the profile.
struct GraphPlace {
  GraphPlace() = default;
  explicit GraphPlace(const Json& profile_settings);
  std::string base = "https://graph.facebook.com";
  std::string version = "v26.0";
  std::string app_id;
};

// The request of pb.http/1 for a call; its body is in `blobs`. Pure.
Json http_request(const GraphPlace& place, const GraphCall& call, std::vector<std::string>& blobs);

// The Graph API through the host. On the instance's strand.
class Graph {
 public:
  explicit Graph(const patchbay::Host& host) : host_(host) {}

  void use(GraphPlace place) { place_ = std::move(place); }
  const GraphPlace& place() const { return place_; }

  // Answers the body. Throws Error: what error_of() says, or what the host says when there was no answer.
  patchbay::Task<Json> call(GraphCall call) const;

  // Fetches a file of a message into a blob; no token goes along. `name` is what the blob is called.
  // Error(PB_NOT_FOUND): the address holds no longer.
  patchbay::Task<patchbay::FileReply> download(std::string url, std::string name) const;

 private:
  const patchbay::Host& host_;
  GraphPlace place_;
};

}  // namespace messenger
