#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "patchbay/call.hpp"
#include "patchbay/http.hpp"
#include "patchbay/net.hpp"
#include "patchbay/replies.hpp"
#include "patchbay/types.hpp"
#include "patchbay/waiting.hpp"

namespace patchbay {

// A counter, gauge or histogram. Cheap; any thread; does nothing when the host keeps no metrics.
class Metric {
 public:
  Metric() = default;
  Metric(const HostTable& host, std::uint64_t handle) : host_(&host), handle_(handle) {}
  // Counter: adds; gauge: sets; histogram: observes. One label value for each name given when it was defined.
  void record(double value, const std::vector<std::string>& label_values = {}) const {
    if (!handle_ || !host_->metrics.record) return;
    std::string joined;
    for (const std::string& each : label_values) {
      if (&each != &label_values.front()) joined += '\x1f';
      joined += each;
    }
    host_->metrics.record(host_->core.ctx, handle_, value, view(joined));
  }

 private:
  const HostTable* host_ = nullptr;
  std::uint64_t handle_ = 0;
};

// What the host does for a plugin. Tasks are awaited in verbs; they throw the host's failure as Error, end
// early with PB_CANCELLED when the call they serve is cancelled, and carry its trace and time limit. The
// rest: any thread.
class Host {
 public:
  explicit Host(const HostTable& table) : table_(table) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // Any verb of any extension, as docs/verbs.md and schemas/abi/ describe them.
  Task<Message> call(std::string method, Json body, std::vector<std::string> blobs = {}) const {
    HostRequest waiting(table_, std::move(method), std::move(body), std::move(blobs));
    co_await waiting;
    co_return waiting.take();
  }

  // HttpRequest of docs/verbs.md. A status of 400 or more is no error here.
  Task<HttpReply> http(Json request, std::vector<std::string> blobs = {}) const {
    const pb_code unreadable = HttpReply::unreadable_answer_to(request);
    Message reply = co_await call("pb.http/1:fetch", std::move(request), std::move(blobs));
    co_return HttpReply(std::move(reply), unreadable);
  }
  // The same, for an answer that is read while it comes: server-sent events, notifications. Returns when its
  // headers are there; timeout_ms holds until then.
  Task<HttpStream> open_http(Json request, std::vector<std::string> blobs = {}) const {
    const pb_code unreadable = HttpReply::unreadable_answer_to(request);
    Message reply = co_await call("pb.http/1:open", std::move(request), std::move(blobs));
    co_return HttpStream(table_, std::move(reply), unreadable);
  }

  // Durable when it returns.
  Task<Stored> emit(Events events) const {
    Json body = {{"events", to_json(events)}};
    const Message reply = co_await call("pb.events/1:emit", std::move(body));
    co_return Stored(reply.json);
  }
  // The same, from a run of a listener: an old `lease` is refused with CONFLICT, and nothing is stored.
  Task<Stored> emit(Events events, std::int64_t lease) const {
    Json body = {{"events", to_json(events)}, {"lease", lease}};
    const Message reply = co_await call("pb.events/1:emit", std::move(body));
    co_return Stored(reply.json);
  }
  // From a run of `job`.
  Task<Stored> emit(Events events, std::string job, std::int64_t lease) const {
    Json body = {{"events", to_json(events)}, {"job", std::move(job)}, {"lease", lease}};
    const Message reply = co_await call("pb.events/1:emit", std::move(body));
    co_return Stored(reply.json);
  }
  // Raw bodies for a route, as if they had been received: durable when it returns, then process() gets each.
  Task<Stored> inject(std::string route, std::int64_t lease, std::vector<std::string> bodies,
                      std::string content_type = "application/json") const {
    Json body = {{"route", std::move(route)}, {"lease", lease}, {"content_type", std::move(content_type)}};
    const Message reply = co_await call("pb.webhook/1:inject", std::move(body), std::move(bodies));
    co_return Stored(reply.json);
  }

  // Tells whoever follows a topic of the integration: the browsers of a session when `topic` is its id.
  // Durable when it returns; the same `id` again does nothing. `data`: an object of at most 64 KiB.
  Task<Published> publish(std::string topic, std::string id, Json data) const {
    Json body = {{"topic", std::move(topic)}, {"id", std::move(id)}, {"data", std::move(data)}};
    const Message reply = co_await call("pb.live/1:publish", std::move(body));
    co_return Published(reply.json);
  }

  // The value itself; audited. Placeholders in http() need no value: prefer them.
  Task<std::string> secret(std::string name) const {
    Json body = {{"name", std::move(name)}};
    const Message reply = co_await call("pb.secrets/1:get", std::move(body));
    co_return string_at(reply.json, "value");
  }
  Task<void> put_secret(std::string name, std::string value, std::string expires_at = {}) const {
    Json body = {{"name", std::move(name)}, {"value", std::move(value)}};
    if (!expires_at.empty()) body["expires_at"] = std::move(expires_at);
    co_await call("pb.secrets/1:put", std::move(body));
  }
  // The same for what belongs to a grant: all integrations that use it share it, and it goes with the grant.
  // Error(PB_UNAUTHENTICATED) while nobody has signed in.
  Task<std::string> grant_secret(std::string grant, std::string name) const {
    Json body = {{"grant", std::move(grant)}, {"name", std::move(name)}};
    const Message reply = co_await call("pb.secrets/1:get", std::move(body));
    co_return string_at(reply.json, "value");
  }
  Task<void> put_grant_secret(std::string grant, std::string name, std::string value,
                              std::string expires_at = {}) const {
    Json body = {{"grant", std::move(grant)}, {"name", std::move(name)}, {"value", std::move(value)}};
    if (!expires_at.empty()) body["expires_at"] = std::move(expires_at);
    co_await call("pb.secrets/1:put", std::move(body));
  }

  // The token of a grant, or its password where people give one, for protocols that the host does not speak;
  // http() takes {"auth": "oauth:<grant>"} instead. `rejected`: one that the provider took no more.
  // Error(PB_UNAUTHENTICATED) when somebody has to sign in.
  Task<std::string> token(std::string grant, std::int64_t min_valid_s = 60, std::string rejected = {}) const {
    Json body = {{"grant", std::move(grant)}, {"min_valid_s", min_valid_s}};
    if (!rejected.empty()) body["rejected"] = std::move(rejected);
    const Message reply = co_await call("pb.oauth/1:token", std::move(body));
    co_return string_at(reply.json, "token");
  }

  Task<StoredState> state_get(std::string key) const {
    Json body = {{"key", std::move(key)}};
    const Message reply = co_await call("pb.state/1:get", std::move(body));
    co_return StoredState(reply.json);
  }
  // Answers the new version. Null deletes. With `expected`: Error(PB_CONFLICT) when another version is there.
  Task<std::int64_t> state_put(std::string key, Json value, std::optional<std::int64_t> expected = {}) const {
    Json body = {{"key", std::move(key)}, {"value", std::move(value)}};
    if (expected) body["expected_version"] = *expected;
    const Message reply = co_await call("pb.state/1:put", std::move(body));
    co_return reply.json.value("version", std::int64_t{0});
  }

  Task<std::string> blob_create(std::string name, std::string type) const {
    Json body = {{"name", std::move(name)}, {"type", std::move(type)}};
    const Message reply = co_await call("pb.blob/1:create", std::move(body));
    co_return string_at(reply.json, "blob");
  }
  // At most 256 KiB at once. Answers the size so far.
  Task<std::int64_t> blob_write(std::string blob, std::int64_t offset, std::string bytes) const {
    Json body = {{"blob", std::move(blob)}, {"offset", offset}};
    std::vector<std::string> blobs;
    blobs.push_back(std::move(bytes));
    const Message reply = co_await call("pb.blob/1:write", std::move(body), std::move(blobs));
    co_return reply.json.value("size", std::int64_t{0});
  }
  Task<Json> blob_close(std::string blob) const {
    Json body = {{"blob", std::move(blob)}};
    Message reply = co_await call("pb.blob/1:close", std::move(body));
    co_return std::move(reply.json);
  }
  // At most 256 KiB at once; fewer bytes at the end.
  Task<BlobPart> blob_read(std::string blob, std::int64_t offset, std::int64_t length) const {
    Json body = {{"blob", std::move(blob)}, {"offset", offset}, {"length", length}};
    Message reply = co_await call("pb.blob/1:read", std::move(body));
    co_return BlobPart(std::move(reply));
  }
  // An address of the closed blob, good for 60 to 604800 seconds. Error(PB_UNSUPPORTED): the host has none.
  Task<std::string> blob_publish(std::string blob, std::int64_t ttl_s) const {
    Json body = {{"blob", std::move(blob)}, {"ttl_s", ttl_s}};
    const Message reply = co_await call("pb.blob/1:publish", std::move(body));
    co_return string_at(reply.json, "url");
  }

  // A connection that the plugin reads and writes itself. Error: PB_DENIED when the manifest's "net", the
  // host's guard or the certificate forbids it, PB_UNAVAILABLE or PB_DEADLINE when nobody answers.
  Task<Stream> connect(NetTarget target) const { return patchbay::connect(table_, std::move(target)); }
  // The records of one type: "A", "AAAA", "MX", "SRV" or "TXT"; at least one. Error: PB_NOT_FOUND when the
  // name has none, PB_UNAVAILABLE or PB_DEADLINE when nobody can be asked.
  Task<std::vector<DnsRecord>> resolve(std::string name, std::string type) const {
    Json body = {{"name", std::move(name)}, {"type", std::move(type)}};
    const Message reply = co_await call("pb.dns/1:resolve", std::move(body));
    std::vector<DnsRecord> records;
    for (const Json& each : reply.json.at("records")) records.emplace_back(each);
    co_return records;
  }

  // Milliseconds since 1970 by the host's clock, the only one that tests can drive.
  std::int64_t now() const { return table_.now_unix_ms(); }
  // Throws Error(PB_CANCELLED) when the call is cancelled or the instance stops before the time is over, and
  // Error(PB_RATE_LIMITED) when 10,000 timers of the instance run already.
  Task<void> sleep(std::int64_t milliseconds) const {
    Timer waiting(table_, milliseconds);
    co_await waiting;
    waiting.check();
  }

  void log(std::int32_t level, std::string_view line, const Json& fields = Json::object()) const {
    table_.log(level, line, fields);
  }

  // PB_COUNTER, PB_GAUGE or PB_HISTOGRAM; at most 4 label names, separated by commas. Define in configure or
  // start.
  Metric metric(std::int32_t kind, std::string_view name, std::string_view help,
                std::string_view label_names = {}) const {
    if (!table_.metrics.define) return Metric();
    return Metric(table_,
                  table_.metrics.define(table_.core.ctx, kind, view(name), view(help), view(label_names)));
  }

  // Runs `work` on the strand later; false, and not at all, while the instance stops. How own threads come
  // back.
  bool post(std::function<void()> work) const { return patchbay::post(table_, std::move(work)); }

 private:
  static Json to_json(const Events& events) {
    Json all = Json::array();
    for (const Event& each : events) all.push_back(each.to_json());
    return all;
  }

  const HostTable& table_;
};

}  // namespace patchbay
