#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "net/http.hpp"

namespace patchbay::support {

// Answers requests from a list and remembers them.
class FakeHttp final : public net::HttpClient {
 public:
  struct Turn {
    net::HttpResponse response;
    std::optional<Error> error;
    bool wait = false;  // for ever
    Duration delay{0};
  };
  struct Seen {
    Seen(net::HttpRequest r, net::EgressRule g) : request(std::move(r)), guard(std::move(g)) {}
    net::HttpRequest request;
    net::EgressRule guard;
    std::vector<std::string> parts;  // what the streams gave
  };

  explicit FakeHttp(Clock& clock) : clock_(clock) {}

  void answer(int status, std::string body = {}, net::Headers headers = {}) {
    Turn turn;
    turn.response.status = status;
    turn.response.body = std::move(body);
    turn.response.headers = std::move(headers);
    turns.push_back(std::move(turn));
  }
  void fail(Code code) {
    Turn turn;
    turn.error = Error(code, Text::verbatim("broken"));
    turns.push_back(std::move(turn));
  }
  void hang() {
    Turn turn;
    turn.wait = true;
    turns.push_back(std::move(turn));
  }

  boost::asio::awaitable<net::HttpResponse> fetch(net::HttpRequest request, net::EgressRule guard) override {
    auto record = std::make_shared<Seen>(std::move(request), std::move(guard));
    seen.push_back(record);
    auto turn = std::move(turns.front());
    turns.pop_front();
    const Duration day(86'400'000);
    if (turn.wait) co_await clock_.sleep(day);
    if (turn.delay > Duration(0)) co_await clock_.sleep(turn.delay);
    if (turn.error) throw Error(*turn.error);
    if (record->request.whole) record->request.parts.push_back(*record->request.whole);
    for (auto& part : record->request.parts) {
      record->parts.push_back(part.data);
      if (!part.read) continue;
      for (;;) {
        auto piece = co_await part.read();
        if (piece.empty()) break;
        record->parts.back() += piece;
      }
    }
    if (record->request.on_head && turn.response.status == 200) {
      net::HttpResponse head(turn.response);
      head.body.clear();
      co_await record->request.on_head(std::move(head));
    }
    if (record->request.on_body && turn.response.status == 200) {
      auto body = std::exchange(turn.response.body, {});
      co_await record->request.on_body(std::move(body));
    }
    co_return turn.response;
  }

  std::shared_ptr<net::HttpSession> make_session() override {
    auto session = std::make_shared<net::HttpSession>();
    sessions.push_back(session);
    return session;
  }

  std::deque<Turn> turns;
  std::vector<std::shared_ptr<Seen>> seen;
  std::vector<std::weak_ptr<net::HttpSession>> sessions;

 private:
  Clock& clock_;
};

}  // namespace patchbay::support
