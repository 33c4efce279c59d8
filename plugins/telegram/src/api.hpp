#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/host.hpp>

#include "api_error.hpp"

namespace telegram {

// A file of a call: a blob of the host that goes out as a part of the form.
struct ApiFile {
  ApiFile(std::string part_, std::string blob_, std::string name_, std::string type_, std::int64_t size_)
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

// One call of a method.
struct ApiCall {
  ApiCall(std::string method_, Effect effect_, Json arguments_ = Json::object())
      : method(std::move(method_)), effect(effect_), arguments(std::move(arguments_)) {}
  std::string method;
  Effect effect;
  Json arguments;
  std::vector<ApiFile> files;  // not empty: multipart/form-data
  bool placeholders =
      false;  // the arguments hold {{secret:...}}; never set it where people's words are among them
  std::int64_t timeout_ms = 30'000;  // without the time that the files need
  bool long_poll = false;
};

// The request of pb.http/1 for a call; its body is in `blobs`. The token stands in the address as a
// placeholder that only the host can fill; arguments go where the host fills nothing in. Pure.
Json http_request(const std::string& base, const ApiCall& call, std::vector<std::string>& blobs);

// The Bot API through the host. On the instance's strand.
class Api {
 public:
  explicit Api(const patchbay::Host& host) : host_(host) {}

  // The address of the server, without a slash at its end.
  void use(std::string base) { base_ = std::move(base); }
  const std::string& base() const { return base_; }
  bool is_public() const { return base_ == kPublicBase; }

  // Answers "result". Throws Error: what error_of() says, or what the host says when there was no answer.
  patchbay::Task<Json> call(ApiCall call) const;

  // Fetches a file of getFile into a blob. `about`: name and type that the blob gets.
  patchbay::Task<patchbay::FileReply> download(std::string file_path, Json about) const;

  static constexpr const char* kPublicBase = "https://api.telegram.org";

 private:
  const patchbay::Host& host_;
  std::string base_ = kPublicBase;
};

}  // namespace telegram
