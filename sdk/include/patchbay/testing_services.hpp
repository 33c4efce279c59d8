#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "patchbay/message.hpp"
#include "patchbay/testing_calls.hpp"
#include "patchbay/types.hpp"

namespace patchbay::testing {

// The host's services in memory: state, secrets, blobs, events, injected bodies, what was published, and
// scripted answers to pb.http/1.
class Services {
 public:
  // Answers a method instead of the built-in way. No answer leaves the request open, to be replied to later.
  using Handler = std::function<std::optional<Result>(const Request&)>;

  void on(const std::string& method, Handler handler) { handlers_[method] = std::move(handler); }

  // The answer to the next fetch or open that has none yet. Without one, it stays unanswered.
  void answer_http(int status, std::string body, std::map<std::string, std::string> headers = {}) {
    Json json = {{"status", status}, {"headers", std::move(headers)}, {"size", body.size()}};
    answer_http(Result(std::move(json), std::vector<std::string>{std::move(body)}));
  }
  void answer_http(Result result) { http_.push_back(std::move(result)); }
  void answer_json(int status, const Json& body) {
    answer_http(status, body.dump(), {{"content-type", "application/json"}});
  }

  // The answer to the next open: its pieces are read one by one. `ends`: then it is over, else a read stays
  // open.
  void answer_stream(std::vector<std::string> pieces, bool ends = true, int status = 200) {
    const std::string id = "s" + std::to_string(++last_stream_);
    streams[id].pieces.assign(pieces.begin(), pieces.end());
    streams[id].ends = ends;
    answer_http(Result(Json{{"status", status}, {"headers", Json::object()}, {"stream", id}}));
  }

  std::optional<Result> serve(const Request& request) {
    if (const auto found = handlers_.find(request.method); found != handlers_.end())
      return found->second(request);
    const Json& in = request.json;
    if (request.method == "pb.http/1:fetch" || request.method == "pb.http/1:open") return next_http();
    if (request.method == "pb.http/1:read") return read_stream(string_at(in, "stream"));
    if (request.method == "pb.http/1:close") return close_stream(string_at(in, "stream"));
    if (request.method == "pb.secrets/1:get") return get_secret(in);
    if (request.method == "pb.secrets/1:put") return put_secret(in);
    if (request.method == "pb.oauth/1:token") return get_token(in);
    if (request.method == "pb.state/1:get") return get_state(string_at(in, "key"));
    if (request.method == "pb.state/1:put") return put_state(in);
    if (request.method == "pb.events/1:emit") return emit(in);
    if (request.method == "pb.webhook/1:inject") return inject(request);
    if (request.method == "pb.sync/1:emit") return store_page(request);
    if (request.method == "pb.live/1:publish") return publish(in);
    if (request.method.rfind("pb.blob/1:", 0) == 0) return serve_blob(request);
    return Result(PB_UNSUPPORTED, "The fake host has no " + request.method);
  }

  class Published {
   public:
    std::string topic;
    std::string id;
    Json data;
  };

  class Blob {
   public:
    std::string name;
    std::string type;
    std::string bytes;
    bool closed = false;
  };

  class Stream {
   public:
    std::deque<std::string> pieces;
    bool ends = true;
  };

  std::map<std::string, Stream> streams;       // open ones
  std::map<std::string, std::string> secrets;  // those of a grant as "<grant>.<name>"
  std::map<std::string, std::string> tokens;   // by grant; without one somebody has to sign in
  std::map<std::string, std::string> users;    // by grant
  std::map<std::string, std::pair<Json, std::int64_t>> state;  // key -> value, version
  std::map<std::string, Blob> blobs;
  std::vector<Json> events;           // emitted, each once by dedupe_key
  std::vector<std::string> injected;  // raw bodies
  std::vector<Published> published;   // each once by topic and id
  std::int64_t lease = 1;             // inject, emit and pages of a run with another one are refused
  Json checkpoint;                    // of the last page
  int pages_left = 1'000'000;         // after so many a run is asked to end

 private:
  std::optional<Result> next_http() {
    if (http_.empty()) return std::nullopt;
    Result next = std::move(http_.front());
    http_.pop_front();
    return next;
  }
  std::optional<Result> read_stream(const std::string& id) {
    const auto found = streams.find(id);
    if (found == streams.end()) return Result(PB_NOT_FOUND, "There is no stream " + id);
    Stream& stream = found->second;
    if (stream.pieces.empty() && !stream.ends) return std::nullopt;
    if (stream.pieces.empty()) {
      streams.erase(found);
      return Result(Json{{"end", true}});
    }
    Result next(Json{{"end", false}}, std::vector<std::string>{std::move(stream.pieces.front())});
    stream.pieces.pop_front();
    return next;
  }
  Result close_stream(const std::string& id) {
    streams.erase(id);
    return Result(Json::object());
  }
  static std::string secret_name(const Json& in) {
    const std::string grant = in.value("grant", std::string());
    return (grant.empty() ? grant : grant + ".") + string_at(in, "name");
  }
  Result get_secret(const Json& in) const {
    const std::string name = secret_name(in);
    const auto found = secrets.find(name);
    if (found == secrets.end()) return Result(PB_NOT_FOUND, "The secret \"" + name + "\" is not set");
    return Result(Json{{"value", found->second}});
  }
  Result put_secret(const Json& in) {
    secrets[secret_name(in)] = string_at(in, "value");
    return Result(Json::object());
  }
  Result get_token(const Json& in) const {
    const auto found = tokens.find(string_at(in, "grant"));
    if (found == tokens.end()) return Result(PB_UNAUTHENTICATED, "Nobody has signed in");
    if (found->second == string_at(in, "rejected")) return Result(PB_UNAUTHENTICATED, "Sign in again");
    Json out = {{"token", found->second}};
    out["expires_at"] = nullptr;
    const auto user = users.find(found->first);
    out["user"] = user == users.end() ? std::string() : user->second;
    return Result(std::move(out));
  }
  Result get_state(const std::string& key) const {
    Json out = {{"value", nullptr}, {"version", 0}};
    if (const auto found = state.find(key); found != state.end()) {
      out["value"] = found->second.first;
      out["version"] = found->second.second;
    }
    return Result(std::move(out));
  }
  Result put_state(const Json& in) {
    auto& [value, version] = state[string_at(in, "key")];
    if (in.contains("expected_version") && in["expected_version"] != version)
      return Result(PB_CONFLICT, "The state is at version " + std::to_string(version));
    value = in.value("value", Json());
    return Result(Json{{"version", ++version}});
  }
  Result emit(const Json& in) {
    if (in.value("lease", lease) != lease) return Result(PB_CONFLICT, "The lease is no longer yours");
    int known = 0;
    for (const Json& event : in.value("events", Json::array())) {
      bool seen = false;
      for (const Json& other : events) seen = seen || other.at("dedupe_key") == event.at("dedupe_key");
      known += seen;
      if (!seen) events.push_back(event);
    }
    const std::size_t count = in.contains("events") ? in["events"].size() : 0;
    return Result(Json{{"stored", count - static_cast<std::size_t>(known)}, {"known", known}});
  }
  Result publish(const Json& in) {
    const Published now{string_at(in, "topic"), string_at(in, "id"), in.value("data", Json())};
    if (now.topic.empty() || now.id.empty() || !now.data.is_object())
      return Result(PB_INVALID, "An event has a topic, an id and data");
    std::size_t at = 0;
    while (at < published.size() && (published[at].topic != now.topic || published[at].id != now.id)) ++at;
    const bool known = at < published.size();
    if (!known) published.push_back(now);
    return Result(Json{{"event", std::to_string(at + 1)}, {"known", known}});
  }
  Result inject(const Request& request) {
    if (request.json.value("lease", std::int64_t{0}) != lease)
      return Result(PB_CONFLICT, "The lease is no longer yours");
    injected.insert(injected.end(), request.blobs.begin(), request.blobs.end());
    return Result(Json{{"stored", request.blobs.size()}, {"known", 0}});
  }
  Result store_page(const Request& request) {
    if (request.json.value("lease", std::int64_t{0}) != lease)
      return Result(PB_CONFLICT, "The lease is no longer yours");
    const Result stored = request.blobs.empty() ? emit(request.json) : inject(request);
    if (request.json.contains("checkpoint")) checkpoint = request.json["checkpoint"];
    Json reply = stored.json;
    reply["refused"] = 0;
    reply["go_on"] = --pages_left > 0;
    return Result(std::move(reply));
  }
  Result serve_blob(const Request& request) {
    const Json& in = request.json;
    if (request.method == "pb.blob/1:create") {
      const std::string id = "b" + std::to_string(blobs.size() + 1);
      blobs[id].name = string_at(in, "name");
      blobs[id].type = string_at(in, "type");
      return Result(Json{{"blob", id}});
    }
    const auto found = blobs.find(string_at(in, "blob"));
    if (found == blobs.end()) return Result(PB_NOT_FOUND, "No such blob");
    Blob& blob = found->second;
    const auto offset = in.value("offset", std::size_t{0});
    if (request.method == "pb.blob/1:write") {
      if (blob.closed || offset != blob.bytes.size() || request.blobs.size() != 1)
        return Result(PB_INVALID, "A write comes after what is there, to a blob that is open");
      blob.bytes += request.blobs.front();
      return Result(Json{{"size", blob.bytes.size()}});
    }
    if (request.method == "pb.blob/1:close") {
      blob.closed = true;
      return Result(Json{{"size", blob.bytes.size()}, {"sha256", ""}});
    }
    if (request.method == "pb.blob/1:publish") {
      if (!blob.closed) return Result(PB_CONFLICT, "Close the blob first");
      return Result(Json{{"url", "https://host.example/files/" + string_at(in, "blob")},
                         {"expires_at", "2030-01-01T00:00:00Z"}});
    }
    if (offset > blob.bytes.size()) return Result(PB_INVALID, "Beyond the end of the blob");
    Json json = {{"size", blob.bytes.size()}, {"type", blob.type}, {"name", blob.name}};
    return Result(std::move(json),
                  std::vector<std::string>{blob.bytes.substr(offset, in.value("length", std::size_t{0}))});
  }

  std::map<std::string, Handler> handlers_;
  std::deque<Result> http_;
  int last_stream_ = 0;
};

}  // namespace patchbay::testing
