// For tests of sessions and streams of pb.http/1 (plugin-needs N7): signs in by digest and NTLM, then reads
// events while they come.
#include <patchbay/seam.hpp>

using patchbay::Json;
using patchbay::Task;

class Notified : public patchbay::Plugin {
 public:
  using Plugin::Plugin;

  Task<patchbay::CheckReply> check() override {
    Json by_digest = request("/digest", "digest");
    const patchbay::HttpReply first = co_await host().http(std::move(by_digest));
    refuse_failed(first);
    Json by_ntlm = request("/who", "ntlm");
    const patchbay::HttpReply second = co_await host().http(std::move(by_ntlm));
    refuse_failed(second);
    co_return patchbay::CheckReply(second.body, first.body + " and " + second.body);
  }

  // One event a line.
  Task<void> listen(patchbay::ListenRequest run) override {
    Json sign_in = request("/who", "ntlm");
    const patchbay::HttpReply signed_in = co_await host().http(std::move(sign_in));
    refuse_failed(signed_in);
    Json subscribe = request("/events", "ntlm");
    patchbay::HttpStream events = co_await host().open_http(std::move(subscribe));
    refuse_failed(events.reply());
    std::string rest;
    for (bool more = true; more;) {
      const patchbay::HttpPiece piece = co_await events.read();
      rest += piece.bytes;
      patchbay::Events found = lines_of(rest);
      if (!found.empty()) co_await host().emit(std::move(found), run.lease);
      more = !piece.end;
    }
  }

 private:
  Json request(const std::string& path, const std::string& scheme) const {
    return {{"url", patchbay::string_at(settings(), "base") + path},
            {"session", "mail"},
            {"auth", scheme + ":" + patchbay::string_at(settings(), "user") + ":{{secret:password}}"}};
  }

  static void refuse_failed(const patchbay::HttpReply& reply) {
    if (reply.ok()) return;
    throw patchbay::Error(PB_UNAVAILABLE,
                          "The server said " + std::to_string(reply.status) + ": " + reply.body);
  }

  // Those that are whole; the rest stays.
  patchbay::Events lines_of(std::string& text) {
    patchbay::Events events;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
      const std::string line = text.substr(0, end);
      const Json data = {{"conversation", {{"id", "inbox"}, {"kind", "private"}}},
                         {"author", {{"id", "server"}, {"name", "Server"}}},
                         {"message", {{"id", line}, {"text", line}}},
                         {"at", patchbay::rfc3339(host().now())}};
      events.emplace_back("message.received", line, "inbox", data);
    }
    return events;
  }
};

PATCHBAY_PLUGIN(Notified)
