// pb.http/1: the only way out of a plugin.
#include <chrono>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "plugin/impl/services/blob_access.hpp"
#include "plugin/impl/services/fetch_spec.hpp"
#include "plugin/impl/services/grant_tokens.hpp"
#include "plugin/impl/services/host_rules.hpp"
#include "plugin/impl/services/kept.hpp"
#include "plugin/impl/services/reading.hpp"
#include "plugin/impl/services/verbs.hpp"
#include "plugin/profiles.hpp"

namespace patchbay::plugin {
namespace {

using boost::asio::awaitable;
using nlohmann::json;

constexpr int kAttempts = 3;
constexpr Duration kFirstPause{200};
constexpr Duration kTokenValid{60'000};
constexpr Duration kReadWait{30'000};
constexpr Duration kLongestReadWait{600'000};
constexpr Duration kFull{1'000};
constexpr int kUnauthorized = 401;
// One fetch on its way: what all its attempts share.
struct Fetch {
  Fetch(std::shared_ptr<InstanceContext> c, FetchSpec s) : context(std::move(c)), spec(std::move(s)) {}

  const std::shared_ptr<InstanceContext> context;
  const FetchSpec spec;
  SecretNames names;
  std::map<std::string, SecretNames> grants;  // of `names`, those that are a grant's, by its name
  std::map<std::string, std::string> tokens;  // the present ones of `grants`
  SecretValues values;
  net::EgressRule guard;
  std::shared_ptr<net::HttpSession> session;  // null: none
  bool is_streamed = false;                   // pb.http/1:open
  std::vector<store::Blob> blobs;             // of the parts, in order; those without have id 0
  store::Blob whole;                          // of which the body is a slice
};

struct Answer {
  net::HttpResponse response;
  std::optional<store::Blob> blob;
  std::string stream;  // its id, when the body is read as it comes
};

// Takes a stream away again, unless it is kept.
class Registration {
 public:
  Registration(std::shared_ptr<IdleTable<HttpStream>> table, std::string id)
      : table_(std::move(table)), id_(std::move(id)) {}
  ~Registration() {
    if (!id_.empty()) table_->remove(id_);
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

  std::string keep() { return std::exchange(id_, {}); }

 private:
  const std::shared_ptr<IdleTable<HttpStream>> table_;
  std::string id_;
};

bool is_worth_repeating(const Error& error) {
  return error.code() == Code::unavailable || error.code() == Code::outcome_unknown;
}

port::Result result_of(Answer answer) {
  json reply;
  reply["status"] = answer.response.status;
  auto& headers = reply["headers"] = json::object();
  for (const auto& [name, value] : answer.response.headers) {
    auto& entry = headers[repair_utf8(name)];
    entry = entry.is_string() ? entry.get<std::string>() + ", " + repair_utf8(value) : repair_utf8(value);
  }
  std::vector<std::string> blobs;
  if (answer.blob) {
    reply["blob"] = to_string_id(answer.blob->id);
    reply["size"] = answer.blob->size;
  } else if (!answer.stream.empty()) {
    reply["stream"] = answer.stream;
  } else {
    reply["size"] = answer.response.body.size();
    blobs.push_back(std::move(answer.response.body));
  }
  return reply_of(reply, std::move(blobs));
}

class HttpVerbs {
 public:
  HttpVerbs(const Services::Parts& parts, TaskScope& tasks)
      : parts_(parts),
        tasks_(tasks),
        requests_(parts.metrics.define({metrics::Kind::counter,
                                        "patchbay_http_requests_total",
                                        "Requests that plugins made, by outcome",
                                        {"plugin", "outcome"}})),
        seconds_(parts.metrics.define({metrics::Kind::histogram,
                                       "patchbay_http_seconds",
                                       "Time of requests that plugins made",
                                       {"plugin"}})) {}

  awaitable<port::Result> fetch(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto fetch = std::make_shared<Fetch>(context, read_fetch(call));
    co_await prepare(fetch, call);
    co_return co_await run(fetch);
  }

  awaitable<port::Result> open(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto fetch = std::make_shared<Fetch>(context, read_fetch(call));
    if (fetch->spec.to_blob) bad_field("response/blob");
    fetch->is_streamed = true;
    co_await prepare(fetch, call);
    co_return co_await run(fetch);
  }

  awaitable<port::Result> read(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto request = request_of(call);
    const auto id = text_field(request, "stream");
    auto wait = request.contains("wait_ms") ? Duration(number_field(request, "wait_ms")) : kReadWait;
    if (wait < Duration(0)) bad_field("wait_ms");
    wait = std::min(wait, kLongestReadWait);
    const auto stream = context->kept->streams->use(id);
    if (!stream) throw Error(Code::not_found, Text("plugin.no_such_stream", {{"stream", id}}));
    auto piece = co_await read_from(*stream, wait);
    if (piece.is_last) context->kept->streams->remove(id);
    json reply;
    reply["end"] = piece.is_last;
    std::vector<std::string> blobs;
    if (!piece.data.empty()) blobs.push_back(std::move(piece.data));
    co_return reply_of(reply, std::move(blobs));
  }

  awaitable<port::Result> close(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto id = text_field(request_of(call), "stream");
    if (const auto stream = context->kept->streams->use(id)) stream->end();
    context->kept->streams->remove(id);
    co_return reply_of(json::object());
  }

 private:
  awaitable<void> prepare(std::shared_ptr<Fetch> fetch, port::Call call) {
    const auto& context = *fetch->context;
    fetch->names = secrets_of(fetch->spec);
    fetch->guard = egress_of(context, parts_.opened.get());
    check_target(*fetch);
    if (!fetch->spec.session.empty()) fetch->session = session_of(context, fetch->spec.session);
    if (!fetch->spec.safe) note_act(context, call);
    co_await read_secrets(fetch);
    if (!fetch->spec.parts.empty() || fetch->spec.slice) co_await find_blobs(fetch);
  }

  std::shared_ptr<net::HttpSession> session_of(const InstanceContext& context,
                                               const std::string& name) const {
    auto session = context.kept->sessions->use_or_make(name, [this] { return parts_.http.make_session(); });
    if (!session) throw Error(Code::rate_limited, Text("plugin.too_many_sessions")).retry_after(kFull);
    return session;
  }

  // What has begun to come was not lost on the way there.
  static awaitable<HttpStream::Piece> read_from(HttpStream& stream, Duration wait) {
    std::optional<Error> failure;
    try {
      co_return co_await stream.next(wait);
    } catch (const Error& error) {
      failure = error;
    }
    throw Error(failure->code() == Code::outcome_unknown ? Code::unavailable : failure->code(),
                failure->text());
  }

  // Noted before it is asked whether anybody wants it: who asks HostSide::acted after giving it up then sees
  // the note, or nothing is sent.
  static void note_act(const InstanceContext& context, const port::Call& call) {
    context.kept->acted.note(call.trace);
    if (call.given_up && *call.given_up) throw Error(Code::cancelled, Text("plugin.call_cancelled"));
  }

  // Before any secret is read.
  static void check_target(const Fetch& fetch) {
    const auto url = net::parse_url(fetch.spec.url);
    if (!url) throw Error(Code::invalid, Text("net.bad_url"));
    if (const auto refusal = net::refuse_url(fetch.guard, *url)) {
      throw Error(Code::denied, Text(*refusal, {{"scheme", url->scheme}, {"host", url->host}}));
    }
    require_tied(*fetch.context, fetch.names, *url);
  }

  awaitable<void> read_secrets(std::shared_ptr<Fetch> fetch) {
    SecretNames own;
    for (const auto& name : fetch->names) {
      const auto grant = grant_of(name);
      (grant.empty() ? own : fetch->grants[grant]).insert(name);
    }
    if (!own.empty()) fetch->values = co_await secret_values(parts_, fetch->context, std::move(own));
    co_await read_tokens(fetch);
  }

  // Anew, when the provider has taken the present ones no more; false when there are no others.
  awaitable<bool> read_tokens(std::shared_ptr<Fetch> fetch) {
    bool changed = false;
    for (const auto& [grant, names] : fetch->grants) {
      auto& present = fetch->tokens[grant];
      const auto token = co_await grant_token(parts_, fetch->context, grant, kTokenValid, present);
      changed = changed || token.value != present;
      present = token.value;
      const auto values = co_await grant_values(parts_, fetch->context, token, names);
      for (const auto& [name, value] : values) fetch->values[name] = value;
    }
    co_return changed;
  }

  awaitable<void> find_blobs(std::shared_ptr<Fetch> fetch) {
    auto work = [fetch](store::Session& session) {
      std::vector<store::Blob> blobs;
      for (const auto& part : fetch->spec.parts) {
        blobs.push_back(part.blob ? readable_blob(session, *fetch->context, *part.blob) : store::Blob());
      }
      if (fetch->spec.slice) fetch->whole = readable_blob(session, *fetch->context, fetch->spec.slice->blob);
      return blobs;
    };
    fetch->blobs = co_await parts_.store.read(std::move(work));
  }

  awaitable<port::Result> run(std::shared_ptr<Fetch> fetch) {
    const auto began = parts_.clock.monotonic();
    const int attempts = fetch->spec.repeat ? kAttempts : 1;
    std::optional<Error> failure;
    for (int i = 0; i < attempts; ++i) {
      if (failure) {
        const auto pause = kFirstPause * (1 << (i - 1));
        if (fetch->spec.timeout - passed(began) <= pause) break;
        co_await parts_.clock.sleep(pause);
      }
      const auto left = fetch->spec.timeout - passed(began);
      try {
        auto answer = co_await attempt(fetch, left);
        // Refused, so nothing happened: once more with a fresh token.
        bool again = answer.response.status == kUnauthorized && !fetch->grants.empty();
        if (again) again = co_await read_tokens(fetch);
        const auto rest = fetch->spec.timeout - passed(began);
        if (again && rest > Duration(0)) answer = co_await attempt(fetch, rest);
        note(*fetch, outcome_of(answer.response.status), began);
        co_return result_of(std::move(answer));
      } catch (const Error& error) {
        failure = error;
      }
      if (!is_worth_repeating(*failure)) break;
    }
    note(*fetch, std::string(code_name(failure->code())), began);
    // What may be repeated has done no harm.
    const bool is_harmless = fetch->spec.safe && failure->code() == Code::outcome_unknown;
    throw Error(is_harmless ? Code::unavailable : failure->code(), failure->text());
  }

  awaitable<Answer> attempt(std::shared_ptr<Fetch> fetch, Duration left) {
    auto request = build_request(fetch->spec, fetch->values);
    request.timeout = left;
    request.authorities = authorities_of(*fetch->context->manifest, fetch->context->profile_settings);
    if (fetch->spec.auth_anywhere) {
      request.trusted = [fetch](const net::UrlParts& url) {
        return may_have(*fetch->context, fetch->names, url);
      };
    }
    add_blobs(*fetch, request);
    request.session = fetch->session;
    if (fetch->is_streamed) co_return co_await open_stream(fetch, std::move(request));
    const auto writer = fetch->spec.to_blob ? make_writer(*fetch) : nullptr;
    if (writer) {
      if (parts_.storage != nullptr)
        co_await parts_.storage->charge(fetch->context->integration, Storage::kEachBlob);
      request.on_body = [this, fetch, writer](std::string piece) {
        return write(fetch, writer, std::move(piece));
      };
    }
    Answer answer;
    auto guard = fetch->guard;
    answer.response = co_await parts_.http.fetch(std::move(request), std::move(guard));
    const bool is_good = answer.response.status >= 200 && answer.response.status < 300;
    if (writer && is_good) answer.blob = co_await writer->close();
    co_return answer;
  }

  awaitable<Answer> open_stream(std::shared_ptr<Fetch> fetch, net::HttpRequest request) {
    request.long_poll = true;
    const auto table = fetch->context->kept->streams;
    const auto id = to_string_id(parts_.ids.next());
    const auto make = [this] { return std::make_shared<HttpStream>(parts_.executor, parts_.clock); };
    const auto stream = table->use_or_make(id, make);
    if (!stream) throw Error(Code::rate_limited, Text("plugin.too_many_streams")).retry_after(kFull);
    Registration registration(table, id);
    stream->start(tasks_, parts_.http, std::move(request), fetch->guard);
    Answer answer;
    answer.response = co_await stream->opened();
    const bool is_good = answer.response.status >= 200 && answer.response.status < 300;
    if (is_good) answer.stream = registration.keep();
    co_return answer;
  }

  void add_blobs(const Fetch& fetch, net::HttpRequest& request) const {
    if (const auto& slice = fetch.spec.slice) {
      const auto rest = fetch.whole.size - slice->offset;
      const auto length = slice->length.value_or(rest);
      if (rest < 0 || length > rest) bad_field(rest < 0 ? "body/offset" : "body/length");
      request.whole.emplace();
      request.whole->size = static_cast<std::uint64_t>(length);
      request.whole->read = blob_reader(parts_.store, fetch.whole.id, slice->offset, length);
    }
    for (std::size_t i = 0; i < request.parts.size(); ++i) {
      const auto& blob = fetch.blobs[i];
      if (blob.id == 0) continue;
      auto& part = request.parts[i];
      part.size = static_cast<std::uint64_t>(blob.size);
      part.read = blob_reader(parts_.store, blob.id, 0, blob.size);
      if (part.file_name.empty()) part.file_name = blob.name.empty() ? "file" : blob.name;
      if (part.type.empty()) part.type = blob.type;
    }
  }

  awaitable<void> write(std::shared_ptr<Fetch> fetch, std::shared_ptr<store::BlobWriter> writer,
                        std::string piece) {
    std::optional<Error> full;
    try {
      if (parts_.storage != nullptr)
        co_await parts_.storage->charge(fetch->context->integration, static_cast<std::int64_t>(piece.size()));
    } catch (const Error& error) {
      full = error;
    }
    // The provider has done what it was asked for.
    if (full && full->code() == Code::rate_limited && !fetch->spec.safe)
      throw Error(Code::outcome_unknown, full->text());
    if (full) throw Error(*full);
    co_await writer->write(std::move(piece));
  }

  std::shared_ptr<store::BlobWriter> make_writer(const Fetch& fetch) const {
    store::Blob blob;
    blob.id = parts_.ids.next();
    blob.integration = fetch.context->integration;
    blob.name = repair_utf8(fetch.spec.blob_name);
    blob.type = repair_utf8(fetch.spec.blob_type);
    blob.created_at = parts_.clock.now().time_since_epoch().count();
    return std::make_shared<store::BlobWriter>(parts_.store, std::move(blob));
  }

  Duration passed(std::chrono::nanoseconds since) const {
    return std::chrono::duration_cast<Duration>(parts_.clock.monotonic() - since);
  }

  static std::string outcome_of(int status) { return std::to_string(status / 100) + "xx"; }

  // The URL as the plugin wrote it, with its placeholders.
  void note(const Fetch& fetch, const std::string& outcome, std::chrono::nanoseconds began) const {
    const auto& plugin = fetch.context->manifest->id;
    const auto time = passed(began);
    requests_.add(1, {plugin, outcome});
    seconds_.record(std::chrono::duration<double>(time).count(), {plugin});
    if (!fetch.context->logger.enabled(log::Level::debug)) return;
    fetch.context->logger.debug("request", {{"method", fetch.spec.method},
                                            {"url", fetch.spec.url},
                                            {"outcome", outcome},
                                            {"ms", std::to_string(time.count())}});
  }

  const Services::Parts parts_;
  TaskScope& tasks_;
  const metrics::Metric requests_;
  const metrics::Metric seconds_;
};

}  // namespace

void add_http(Services& services, const Services::Parts& parts, TaskScope& tasks) {
  const auto verbs = std::make_shared<HttpVerbs>(parts, tasks);
  const auto add = [&](const char* method, auto verb) {
    services.add(method, [verbs, verb](auto context, auto call) {
      return ((*verbs).*verb)(std::move(context), std::move(call));
    });
  };
  add("pb.http/1:fetch", &HttpVerbs::fetch);
  add("pb.http/1:open", &HttpVerbs::open);
  add("pb.http/1:read", &HttpVerbs::read);
  add("pb.http/1:close", &HttpVerbs::close);
}

}  // namespace patchbay::plugin
