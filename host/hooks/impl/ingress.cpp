#include "hooks/ingress.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "base/trace.hpp"

namespace patchbay::hooks {

namespace {

constexpr Duration kRetryAfter{2'000};      // about what a full queue takes to drain
constexpr std::size_t kUsualRequest = 512;  // bytes of its JSON
constexpr std::int64_t kTellAgain = 1'000;  // milliseconds

// One request that waits for its commit.
class Open {
 public:
  explicit Open(std::shared_ptr<Traffic> traffic) : traffic_(std::move(traffic)), count_(++traffic_->open) {}
  ~Open() { --traffic_->open; }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

  std::size_t count() const { return count_; }

 private:
  const std::shared_ptr<Traffic> traffic_;
  const std::size_t count_;
};

Answer later(int status, Duration wait) {
  Answer answer(status);
  answer.retry_after = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(wait).count());
  return answer;
}

Answer unavailable(Duration wait = kRetryAfter) {
  return later(503, wait);
}

bool is_secret(std::string_view header, const std::vector<std::string>& secret_headers) {
  return header == "authorization" || header == "cookie" ||
         std::find(secret_headers.begin(), secret_headers.end(), header) != secret_headers.end();
}

// What the plugin is told of the request, without headers that hold a secret; those that come twice are
// joined.
std::string request_json(const Request& request, const std::vector<std::string>& secret_headers) {
  std::string out;
  out.reserve(kUsualRequest);
  append_quoted(out += "{\"method\":", request.method);
  append_quoted(out += ",\"path\":", request.path);
  append_quoted(out += ",\"query\":", request.query);
  out += ",\"headers\":{";
  const auto& headers = request.headers;
  for (auto header = headers.begin(); header != headers.end(); ++header) {
    const auto same = [&](const auto& other) { return other.first == header->first; };
    if (is_secret(header->first, secret_headers) || std::any_of(headers.begin(), header, same)) continue;
    auto value = header->second;
    for (auto later = std::find_if(header + 1, headers.end(), same); later != headers.end();
         later = std::find_if(later + 1, headers.end(), same))
      value += ", " + later->second;
    if (out.back() != '{') out += ',';
    append_quoted(out, header->first);
    append_quoted(out += ':', value);
  }
  return out + "}}";
}

std::string allowed(const Route& route) {
  std::string list;
  for (const auto& method : route.methods) list += (list.empty() ? "" : ", ") + method;
  if (route.challenge && list.find(route.challenge->method()) == std::string::npos) {
    list += ", " + route.challenge->method();
  }
  return list;
}

// Reads the keys and moves the rest: the request is no more afterwards.
InboxRow row_of(const Route& route, Request request, TimePoint now) {
  InboxRow row;
  auto keys = route.keys.read(request);
  row.integration = route.integration;
  row.of_profile = route.of_profile;
  row.plugin = route.plugin;
  row.route = route.id;
  row.lane = keys.order.value_or("");
  row.dedupe_key = std::move(keys.dedupe);
  row.request = request_json(request, route.secret_headers);
  row.body = std::move(request.body);
  row.received_at = now.time_since_epoch().count();
  return row;
}

// Visitors are strangers to each other: each has a lane, and keys, of its own.
void belong_to_session(InboxRow& row, const std::string& session) {
  row.lane = session;
  if (row.dedupe_key) row.dedupe_key->insert(0, session + "/");
  row.request.pop_back();
  append_quoted(row.request += ",\"session\":", session);
  row.request += '}';
}

}  // namespace

Ingress::Ingress(Parts parts, log::Logger logger, Limits limits)
    : parts_(parts), logger_(std::move(logger)), limits_(limits), buckets_(parts.clock) {}

Ingress::Ingress(Parts parts, log::Logger logger) : Ingress(parts, std::move(logger), Limits()) {}

std::optional<std::uint64_t> Ingress::body_limit(std::string_view path) const {
  const auto route = parts_.routes.find(path);
  return route ? std::optional(route->body_limit) : std::nullopt;
}

std::optional<Answer> Ingress::refuse(const Route& route, const Request& request) {
  if (!route.verifier) {
    ++parts_.counters.store_failed;
    return unavailable();
  }
  return refuse_shape(route, request);
}

std::optional<Answer> Ingress::refuse_shape(const Route& route, const Request& request) {
  if (std::find(route.methods.begin(), route.methods.end(), request.method) == route.methods.end()) {
    ++parts_.counters.wrong_method;
    Answer answer(405);
    answer.headers.emplace_back("Allow", allowed(route));
    return answer;
  }
  if (request.body.size() > route.body_limit) {
    ++parts_.counters.too_large;
    return Answer(413);
  }
  return std::nullopt;
}

// After the proof: a stranger cannot use up what the provider may send, nor one visitor what all may.
std::optional<Answer> Ingress::refuse_pace(const Route& route, const std::string& session) {
  const auto integration = to_string_id(route.integration);
  std::vector<net::RateBuckets::Want> wants;
  wants.emplace_back(integration, limits_.rate);
  if (!session.empty()) wants.emplace_back(integration + "/" + session, limits_.of_session);
  const auto wait = buckets_.take(wants);
  if (wait == Duration(0)) return std::nullopt;
  ++parts_.counters.too_fast;
  return later(429, wait);
}

// Once a second at most: whoever sends rubbish does not fill the disk.
void Ingress::tell_not_verified(const Route& route, const Request& request) const {
  auto& traffic = *route.traffic;
  ++traffic.refused;
  const auto now = parts_.clock.now().time_since_epoch().count();
  auto told_at = traffic.told_at.load();
  if (now - told_at < kTellAgain || !traffic.told_at.compare_exchange_strong(told_at, now)) return;
  logger_.warn("webhook refused: not verified",
               {{owner_word(route.of_profile), to_string_id(route.integration)},
                {"route", route.id},
                {"peer", request.peer},
                {"count", std::to_string(traffic.refused.exchange(0))}});
}

InboxRow Ingress::make_row(const Route& route, Request request, const std::string& session) const {
  auto trace = request.trace;
  if (trace.empty()) {
    const std::string* parent = request.header("traceparent");
    trace = (parent ? Trace::from(*parent) : Trace::make()).traceparent();
  }
  route.verifier->hide_secrets(request.body);
  auto row = row_of(route, std::move(request), parts_.clock.now());
  row.trace = std::move(trace);
  row.verdict = route.verifier->verdict();
  if (!session.empty()) belong_to_session(row, session);
  return row;
}

bool Ingress::is_live(std::string_view path) const {
  const auto route = parts_.routes.find(path);
  return route && route->kind == plugin::RouteSpec::Kind::live;
}

// As far as the proof and no further.
Answer Ingress::test(const Request& request) {
  const auto route = parts_.routes.find(request.path);
  if (!route || route->kind != plugin::RouteSpec::Kind::webhook) return self_test_answer(request, 404);
  if (const auto refused = refuse(*route, request)) return self_test_answer(request, refused->status);
  const Verifier::Context context(route->address, parts_.clock.now());
  return self_test_answer(request, route->verifier->accepts(request, context) ? 200 : 401);
}

boost::asio::awaitable<Answer> Ingress::handle(Request request) {
  ++parts_.counters.received;
  const std::string* mark = parts_.marks ? request.header(kSelfTestHeader) : nullptr;
  if (mark) {
    auto taking = parts_.marks->take(*mark);
    const auto found = co_await std::move(taking);
    if (found == SelfTestMarks::Mark::good) co_return test(request);
    if (found == SelfTestMarks::Mark::spent) co_return Answer(410);
  }
  auto route = parts_.routes.find(request.path);
  if (!route) {
    ++parts_.counters.unknown_path;
    co_return Answer(404);
  }
  const bool has_cors = route->cors.has_value();
  const std::string* sent = request.header("origin");
  const std::string origin = has_cors && sent ? *sent : std::string();
  Answer answer(403);
  if (!origin.empty() && !route->cors->allows(origin)) {
    ++parts_.counters.origins;
    answer.headers.emplace_back("Vary", "Origin");
    co_return answer;
  }
  if (has_cors && Cors::is_preflight(request)) {
    answer = Cors::preflight(allowed(*route));
  } else {
    auto passing = pass(std::move(route), std::move(request));
    answer = co_await std::move(passing);
  }
  if (has_cors) Cors::mark(answer, origin);
  co_return answer;
}

boost::asio::awaitable<Answer> Ingress::pass(std::shared_ptr<const Route> route, Request request) {
  if (route->kind != plugin::RouteSpec::Kind::webhook) {
    auto serving = serve_browser(std::move(route), std::move(request));
    co_return co_await std::move(serving);
  }
  if (route->challenge) {
    if (auto echo = route->challenge->answer(request)) {
      ++(echo->status == 200 ? parts_.counters.challenges : parts_.counters.not_verified);
      co_return std::move(*echo);
    }
  }
  if (auto refused = refuse(*route, request)) co_return std::move(*refused);
  auto taking = take_webhook(std::move(route), std::move(request));
  co_return co_await std::move(taking);
}

boost::asio::awaitable<Answer> Ingress::serve_browser(std::shared_ptr<const Route> route, Request request) {
  if (!parts_.sessions) co_return Answer(404);
  if (auto refused = refuse_shape(*route, request)) co_return std::move(*refused);
  if (request.method == "GET" && route->kind == plugin::RouteSpec::Kind::session) {
    Answer shown(200, "application/json", route->shown_settings);
    shown.headers.emplace_back("Cache-Control", "public, max-age=60");
    co_return shown;
  }
  auto token = any_token(request);
  const bool makes = route->kind == plugin::RouteSpec::Kind::session;
  Answer answer;
  if (makes) {
    auto making = parts_.sessions->make(std::move(route), std::move(token), std::move(request.peer));
    answer = co_await std::move(making);
  } else {
    auto opening = parts_.sessions->open(std::move(route), std::move(token));
    answer = co_await std::move(opening);
  }
  if (answer.status == 401) ++parts_.counters.not_verified;
  if (answer.status == 429) ++parts_.counters.too_fast;
  if (answer.status == 200 && makes) ++parts_.counters.sessions;
  co_return answer;
}

boost::asio::awaitable<Answer> Ingress::take_webhook(std::shared_ptr<const Route> route, Request request) {
  Verifier::Context context(route->address, parts_.clock.now());
  std::string session;
  if (route->verifier->wants_session() && parts_.sessions) {
    auto token = bearer_token(request);
    auto looking = parts_.sessions->session_of(route, std::move(token));
    const auto found = co_await std::move(looking);
    context.has_session = found.has_value();
    if (found) session = found->id;
  }
  if (auto wanted = route->verifier->wanted_key(request, context)) {
    try {
      auto finding = parts_.keys.find(std::move(wanted->address), std::move(wanted->id));
      context.key = co_await std::move(finding);
    } catch (const Error& error) {
      if (error.code() != Code::unavailable) throw;
      ++parts_.counters.keys_missing;
      co_return unavailable(error.retry_after());
    }
  }
  if (!route->verifier->accepts(request, context)) {
    ++parts_.counters.not_verified;
    tell_not_verified(*route, request);
    co_return Answer(401);
  }
  auto storing = store(std::move(route), std::move(request), std::move(session));
  co_return co_await std::move(storing);
}

boost::asio::awaitable<Answer> Ingress::store(std::shared_ptr<const Route> route, Request request,
                                              std::string session) {
  if (auto refused = refuse_pace(*route, session)) co_return std::move(*refused);
  const Open open(route->traffic);
  if (open.count() > limits_.open) {
    ++parts_.counters.queue_full;
    co_return unavailable();
  }
  auto row = make_row(*route, std::move(request), session);
  auto stored = parts_.committer.put(std::move(row));
  const Stored result = co_await std::move(stored);
  if (result == Stored::stored || result == Stored::known) co_return route->reply;
  co_return unavailable();
}

Injector::Injector(const RouteTable& routes, InboxCommitter& committer, const Clock& clock)
    : routes_(routes), committer_(committer), clock_(clock) {}

std::vector<InboxRow> Injector::rows(Id integration, const std::string& route_id,
                                     const std::string& content_type, std::vector<std::string> bodies,
                                     const std::string& trace) const {
  const auto route = routes_.find(integration, route_id);
  if (!route) {
    throw Error(Code::not_found,
                Text("hooks.no_route", {{"integration", to_string_id(integration)}, {"route", route_id}}));
  }
  const auto traced = Trace::from(trace);
  std::vector<InboxRow> rows;
  for (auto& body : bodies) {
    Request request("POST", route->path);
    if (!content_type.empty()) request.headers.emplace_back("content-type", content_type);
    request.body = std::move(body);
    rows.push_back(row_of(*route, std::move(request), clock_.now()));
    rows.back().trace = traced.traceparent();
    rows.back().verdict = "injected";
  }
  return rows;
}

boost::asio::awaitable<Injector::Outcome> Injector::inject(Id integration, std::string route,
                                                           std::string content_type,
                                                           std::vector<std::string> bodies,
                                                           std::string trace) {
  auto put = committer_.put_all(rows(integration, route, content_type, std::move(bodies), trace));
  const auto results = co_await std::move(put);
  Outcome outcome;
  for (const auto result : results) {
    if (result == Stored::failed || result == Stored::full) {
      throw Error(Code::unavailable, Text("hooks.not_stored", {{"integration", to_string_id(integration)}}))
          .retry_after(kRetryAfter);
    }
    ++(result == Stored::stored ? outcome.stored : outcome.known);
  }
  co_return outcome;
}

}  // namespace patchbay::hooks
