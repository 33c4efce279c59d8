// Host::connect and Stream (N11), and the far ends that a plugin's author plays.
#include "probe.hpp"

namespace patchbay::sdk_test {
namespace {

using testing::Peer;

// A talk as IMAP begins: greeting, TLS, a command.
Task<SendReply> talk(Probe& self, Json request) {
  NetTarget target("imap.example.org", 143);
  target.believe(string_at(request, "ca"));
  Stream stream = co_await self.services().connect(std::move(target));
  const std::string greeting = co_await stream.read();
  co_await stream.write("STARTTLS\r\n");
  co_await stream.read();
  co_await stream.start_tls();
  co_await stream.write("LOGIN\r\n");
  const std::string answer = co_await stream.read(4);
  const std::string rest = co_await stream.read();
  const std::string end = co_await stream.read();
  co_return sent(greeting + answer + "|" + rest + "|" + end);
}

TEST(Net, TalksWithAScriptedPeer) {
  FakeHost host(probe(talk));
  const auto peer = host.net.expect("imap.example.org", 143);
  peer->says("* OK|");
  peer->on_write = [](Peer& self, const std::string& written) {
    if (written == "STARTTLS\r\n") self.says("OK");
    if (written == "LOGIN\r\n") self.says(self.is_tls ? "safe and sound" : "in clear").ends();
  };
  const Result result = host.call(kSend, Json{{"ca", "PEM"}});
  ASSERT_TRUE(result.ok()) << result.text;
  EXPECT_EQ(result.json["provider_ids"][0], "* OK|safe| and sound|");
  EXPECT_EQ(peer->heard, "STARTTLS\r\nLOGIN\r\n");
  EXPECT_EQ(peer->authorities, "PEM");
  EXPECT_TRUE(peer->is_closed);
  EXPECT_TRUE(host.violations.empty());
}

TEST(Net, FailuresAreErrors) {
  FakeHost host(probe(talk));
  EXPECT_EQ(host.call(kSend, Json::object()).code, PB_UNAVAILABLE);
  const auto peer = host.net.expect("imap.example.org", 143);
  peer->says("hello").says("OK");
  peer->on_write = [](Peer& self, const std::string&) { self.says("OK"); };
  peer->refuses_tls = Result(PB_DENIED, "expired");
  const Result result = host.call(kSend, Json::object());
  EXPECT_EQ(result.code, PB_DENIED);
  EXPECT_EQ(result.text, "expired");
  EXPECT_TRUE(peer->is_closed);
}

Task<SendReply> wait(Probe& self, Json request) {
  NetTarget target("imap.example.org", 993);
  const Stream stream = co_await self.services().connect(std::move(target.tls()));
  const std::int64_t within = request.value("within", 0);
  std::string came;
  try {
    came = co_await stream.read(0, within);
  } catch (const Error& error) {
    if (error.code != PB_DEADLINE) throw;
  }
  if (came.empty()) came = co_await stream.read();  // nothing was lost
  co_return sent(came);
}

TEST(Net, ReadEndsWhenItsTimeIsOver) {
  FakeHost host(probe(wait));
  const auto peer = host.net.expect("imap.example.org", 993);
  const std::uint64_t id = host.deliver(kSend, Json{{"within", 60'000}});
  host.advance(61'000);
  EXPECT_FALSE(host.answer(id));
  peer->says("late");
  host.run();
  ASSERT_TRUE(host.answer(id));
  EXPECT_EQ(host.answer(id)->json["provider_ids"][0], "late");
  EXPECT_TRUE(peer->is_tls);
}

TEST(Net, CancelledCallEndsItsRead) {
  FakeHost host(probe(wait));
  const auto peer = host.net.expect("imap.example.org", 993);
  const std::uint64_t id = host.deliver(kSend, Json::object());
  host.run();
  host.cancel(id);
  host.run();
  ASSERT_TRUE(host.answer(id));
  EXPECT_EQ(host.answer(id)->code, PB_CANCELLED);
  EXPECT_TRUE(peer->is_closed);
}

TEST(Net, StopEndsWhatWaits) {
  FakeHost host(probe(wait));
  host.net.expect("imap.example.org", 993);
  const std::uint64_t id = host.deliver(kSend, Json{{"within", 60'000}});
  host.run();
  host.stop();
  ASSERT_TRUE(host.answer(id));
  EXPECT_EQ(host.answer(id)->code, PB_CANCELLED);
  EXPECT_TRUE(host.violations.empty());
}

Task<SendReply> move_it(Probe& self, Json) {
  NetTarget first("a.example", 1);
  NetTarget second("b.example", 2);
  Stream a = co_await self.services().connect(std::move(first));
  Stream b = co_await self.services().connect(std::move(second));
  a = std::move(b);
  co_await a.write("to b");
  a.close();
  co_await a.write("to nobody");
  co_return sent("");
}

TEST(Net, StreamIsMovedAndClosedOnce) {
  FakeHost host(probe(move_it));
  const auto a = host.net.expect("a.example", 1);
  const auto b = host.net.expect("b.example", 2);
  const Result result = host.call(kSend, Json::object());
  EXPECT_EQ(result.code, PB_NOT_FOUND) << result.text;
  EXPECT_EQ(a->heard, "");
  EXPECT_EQ(b->heard, "to b");
  EXPECT_TRUE(a->is_closed);
  EXPECT_TRUE(b->is_closed);
}

Task<SendReply> look_up(Probe& self, Json) {
  const std::vector<DnsRecord> records = co_await self.services().resolve("_imaps._tcp.example.org", "SRV");
  const DnsRecord& first = records.at(0);
  co_return sent(first.target + " " + std::to_string(first.port) + " " + std::to_string(first.ttl));
}

TEST(Dns, AnswersRecords) {
  FakeHost host(probe(look_up));
  host.services.on("pb.dns/1:resolve", [](const Request& request) {
    EXPECT_EQ(request.json, (Json{{"name", "_imaps._tcp.example.org"}, {"type", "SRV"}}));
    const Json record = {
        {"ttl", 60}, {"priority", 1}, {"weight", 2}, {"port", 993}, {"target", "imap.example.org"}};
    return Result(Json{{"records", Json::array({record})}});
  });
  EXPECT_EQ(host.call(kSend, Json::object()).json["provider_ids"][0], "imap.example.org 993 60");
}

}  // namespace
}  // namespace patchbay::sdk_test
