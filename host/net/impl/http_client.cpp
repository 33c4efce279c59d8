#include <algorithm>
#include <stdexcept>

#include <curl/curl.h>
#include <boost/asio/this_coro.hpp>

#include "base/error.hpp"
#include "net/http.hpp"
#include "net/impl/multi.hpp"
#include "net/impl/redirect.hpp"
#include "net/impl/session.hpp"
#include "net/impl/transfer.hpp"

namespace patchbay::net {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

// Throws unless the rule lets this URL out.
UrlParts checked(const EgressRule& guard, const std::string& address) {
  auto url = parse_url(address);
  if (!url) throw Error(Code::invalid, Text("net.bad_url"));
  if (const auto refusal = refuse_url(guard, *url)) {
    throw Error(Code::denied, Text(*refusal, {{"scheme", url->scheme}, {"host", url->host}}));
  }
  return std::move(*url);
}

Error busy(const HttpRequest& request) {
  const auto limit = std::to_string(request.timeout.count());
  return Error(Code::deadline, Text("net.session_busy", {{"timeout_ms", limit}}));
}

// However the coroutine ends, curl lets go of the transfer.
struct Running {
  Running(std::shared_ptr<Multi> m, std::shared_ptr<Transfer> t)
      : multi(std::move(m)), transfer(std::move(t)) {
    multi->start(transfer);
  }
  ~Running() { multi->cancel(transfer); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  const std::shared_ptr<Multi> multi;
  const std::shared_ptr<Transfer> transfer;
};

// Moves data between curl and the request's streams until curl is done.
asio::awaitable<CURLcode> run(std::shared_ptr<Multi> multi, std::shared_ptr<Transfer> transfer,
                              std::shared_ptr<const HttpRequest> request) {
  const Running running(multi, transfer);
  for (;;) {
    auto step = co_await multi->next(transfer);
    if (step.result) co_return *step.result;
    if (step.head) {
      co_await request->on_head(std::move(*step.head));
    } else if (step.wanted) {
      const auto& part = request->whole ? *request->whole : request->parts[*step.wanted];
      auto piece = co_await part.read();
      multi->feed(transfer, *step.wanted, std::move(piece));
    } else {
      co_await request->on_body(std::move(step.data));
    }
  }
}

// A poll holds its connection as long as it waits, so many of them at one host are no fault.
HttpClient::Options long_options(HttpClient::Options options) {
  options.connections_per_host = 0;
  return options;
}

class CurlClient final : public HttpClient {
 public:
  CurlClient(const asio::any_io_executor& executor, Options options)
      : executor_(executor),
        options_(std::move(options)),
        short_(std::make_shared<Multi>(executor, options_)),
        long_(std::make_shared<Multi>(executor, long_options(options_))) {}

  asio::awaitable<HttpResponse> fetch(HttpRequest request, EgressRule guard) override {
    const auto until = steady_clock::now() + request.timeout;
    const auto session = std::static_pointer_cast<CurlSession>(request.session);
    const auto multi = session ? session->multi() : request.long_poll ? long_ : short_;
    Turns::Turn turn;  // held until the answer is there
    if (session) turn = co_await session->turns().next(until);
    if (session && !turn) throw busy(request);
    auto current = std::make_shared<const HttpRequest>(std::move(request));
    for (;;) {
      const auto url = checked(guard, current->url);
      const auto transfer = std::make_shared<Transfer>(current, url, guard, options_);
      transfer->set_timeout(std::chrono::duration_cast<Duration>(until - steady_clock::now()));
      const auto code = co_await run(multi, transfer, current);
      transfer->check(code);
      auto response = transfer->take_response();
      auto next = current->max_redirects > 0 ? follow(*current, url, response) : nullptr;
      if (!next) co_return response;
      current = std::move(next);
    }
  }

  std::shared_ptr<HttpSession> make_session() override {
    return std::make_shared<CurlSession>(executor_, options_);
  }

 private:
  const asio::any_io_executor executor_;
  const Options options_;
  const std::shared_ptr<Multi> short_;
  const std::shared_ptr<Multi> long_;
};

}  // namespace

void init() {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    throw std::runtime_error("libcurl could not be initialised");
}

std::unique_ptr<HttpClient> HttpClient::make(asio::any_io_executor executor, Options options) {
  return std::make_unique<CurlClient>(executor, std::move(options));
}

}  // namespace patchbay::net
