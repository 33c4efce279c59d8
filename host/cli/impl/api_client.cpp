#include "cli/api_client.hpp"

#include <fstream>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "cli/impl/open_store.hpp"
#include "net/http.hpp"
#include "vault/vault.hpp"
#include "web/tokens.hpp"

namespace patchbay::cli {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr std::chrono::minutes kTokenLife{1};
constexpr std::size_t kBoundaryBytes = 24;
constexpr Duration kLimit{60'000};

Error not_running(const config::Config& config) {
  return Error(Code::unavailable, Text("cli.not_running", {{"folder", config.state_dir.string()}}));
}

std::string string_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Code code_of(int status) {
  switch (status) {
    case 401:
      return Code::unauthenticated;
    case 403:
      return Code::denied;
    case 404:
      return Code::not_found;
    case 409:
      return Code::conflict;
    case 429:
      return Code::rate_limited;
    case 503:
      return Code::unavailable;
    case 504:
      return Code::deadline;
    default:
      return status >= 500 ? Code::internal : Code::invalid;
  }
}

[[noreturn]] void fail(int status, const json& problem) {
  const auto detail = string_at(problem, "detail");
  Error error(code_of(status), Text::verbatim(detail.empty() ? string_at(problem, "title") : detail));
  for (const auto& item : problem.value("errors", json::array())) {
    error.add(Diagnostic(string_at(item, "pointer"), Text::verbatim(string_at(item, "detail")),
                         Text::verbatim(string_at(item, "remedy"))));
  }
  throw error;
}

}  // namespace

struct ApiClient::State {
  explicit State(const config::Config& config)
      : store(open_store(config)), ids(clock), tokens(*store, clock, ids, log::Logger::none()) {}

  asio::io_context io;
  SystemClock clock;
  std::unique_ptr<store::Store> store;
  IdMint ids;
  web::Tokens tokens;
  std::string token;
  Id token_id = 0;
  TimePoint token_ends{};
  std::string address;  // "http://127.0.0.1:8420"
  std::unique_ptr<net::HttpClient> http;
  net::EgressRule rule;
};

std::string listener_url(const std::string& address, std::uint16_t port) {
  const bool is_v6 = address.find(':') != address.npos;
  return "http://" + (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

std::filesystem::path address_file(const config::Config& config) {
  return config.state_dir / "address";
}

ApiClient::ApiClient(const config::Config& config) {
  std::string address;
  std::getline(std::ifstream(address_file(config)), address);
  const auto url = net::parse_url(address);
  if (!url) throw not_running(config);
  state_ = std::make_unique<State>(config);
  state_->address = address;
  constexpr std::string_view kScheme = "http://";
  state_->rule.opened = {listener_url(url->host, url->port).substr(kScheme.size())};
  net::init();
  state_->http = net::HttpClient::make(state_->io.get_executor(), {});
}

ApiClient::~ApiClient() {
  if (!state_) return;
  try {
    state_->tokens.forget_now(state_->token_id);
  } catch (const Error&) {
    // It ends by itself within a minute.
  }
}

// A conversation with somebody takes longer than a token lives.
void ApiClient::renew() {
  const auto now = state_->clock.now();
  if (now < state_->token_ends - kTokenLife / 2) return;
  if (state_->token_id != 0) state_->tokens.forget_now(state_->token_id);
  state_->token_ends = now + kTokenLife;
  const auto made = state_->tokens.lend_now(web::NewToken("command line", "admin", state_->token_ends));
  state_->token = made.plain;
  state_->token_id = made.token.id;
}

json ApiClient::call(const std::string& method, const std::string& path, const std::string& body,
                     const std::string& type) {
  renew();
  net::HttpRequest request(method, state_->address + path);
  request.headers.emplace_back("authorization", "Bearer " + state_->token);
  if (const auto* language = std::getenv("LANG"); language != nullptr)
    request.headers.emplace_back("accept-language", language_of(language));
  if (!body.empty()) request.headers.emplace_back("content-type", type);
  request.body = body;
  request.timeout = kLimit;
  auto answer =
      asio::co_spawn(state_->io, state_->http->fetch(std::move(request), state_->rule), asio::use_future);
  state_->io.restart();
  state_->io.run();
  const auto response = answer.get();
  auto document = json::parse(response.body, nullptr, false);
  if (response.status >= 400) fail(response.status, document.is_object() ? document : json::object());
  return document;
}

json ApiClient::get(const std::string& path) {
  return call("GET", path, "");
}
json ApiClient::all(const std::string& path) {
  auto items = json::array();
  std::string next;
  do {
    const auto page = get(path + (path.find('?') == path.npos ? "?" : "&") + "limit=500" +
                          (next.empty() ? "" : "&cursor=" + next));
    items.insert(items.end(), page.at("items").begin(), page.at("items").end());
    next = string_at(page, "next");
  } while (!next.empty());
  return items;
}
json ApiClient::post(const std::string& path, const json& body) {
  return call("POST", path, body.dump());
}
json ApiClient::put(const std::string& path, const json& body) {
  return call("PUT", path, body.dump());
}
json ApiClient::upload(const std::string& path, const std::string& name, const std::string& content) {
  // No file holds it by chance.
  const auto boundary = vault::generate(kBoundaryBytes);
  std::string quoted;
  for (const char c : name) quoted += c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 ? '_' : c;
  const auto body = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
                    quoted + "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + content + "\r\n--" +
                    boundary + "--\r\n";
  return call("PUT", path, body, "multipart/form-data; boundary=" + boundary);
}
json ApiClient::patch(const std::string& path, const json& body) {
  return call("PATCH", path, body.dump());
}
void ApiClient::remove(const std::string& path) {
  call("DELETE", path, "");
}

}  // namespace patchbay::cli
