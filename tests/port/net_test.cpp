// pb.net/1 (N11): what a plugin does with connections that the host made for it, in the host and in a worker.
// The other end is a thread of the test at the other end of a socket pair: nothing leaves this process.
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <deque>
#include <filesystem>
#include <thread>

#include "port/subject.hpp"
#include "support/certificates.hpp"

namespace patchbay::test {
namespace {

// The far end of one connection, blocking.
class Peer {
 public:
  explicit Peer(int socket) : socket_(socket) {}
  ~Peer() {
    SSL_free(ssl_);
    ::close(socket_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool secure(const support::Authority::Issued& identity) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                    SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
    ssl_ = SSL_new(context.get());
    SSL_set_fd(ssl_, socket_);
    return SSL_accept(ssl_) == 1;
  }
  // Empty at the end.
  std::string read() {
    std::string room(65536, '\0');
    const auto count = ssl_ != nullptr ? SSL_read(ssl_, room.data(), static_cast<int>(room.size()))
                                       : ::recv(socket_, room.data(), room.size(), 0);
    room.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return room;
  }
  void write(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto count = ssl_ != nullptr
                             ? SSL_write(ssl_, bytes.data() + at, static_cast<int>(bytes.size() - at))
                             : ::send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (count <= 0) return;
      at += static_cast<std::size_t>(count);
    }
  }
  // Says the end properly.
  void finish() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
  }

 private:
  const int socket_;
  SSL* ssl_ = nullptr;
};

const support::Authority& authority() {
  static const auto* made = new support::Authority;
  return *made;
}

json connect(bool tls = false) {
  return {{"do", "connect"}, {"tls", tls}, {"ca", authority().pem()}};
}
json step(const std::string& word, json more = json::object()) {
  more["do"] = word;
  return more;
}

class Net : public testing::TestWithParam<Subject> {
 protected:
  using Script = std::function<void(Peer&)>;

  Net() {
    ::signal(SIGPIPE, SIG_IGN);
    bench.host->on_ask = [this](const port::Call& call, const port::HostSide::Reply& reply) {
      asked_ = call.method + " " + call.message.json;
      reply(connect_to(script));
    };
  }
  ~Net() override {
    if (bench.instance) bench.close();
    for (auto& each : threads_) each.join();
  }

  port::Result connect_to(Script play) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    threads_.emplace_back([play = std::move(play), end = ends[1]] {
      Peer peer(end);
      play(peer);
    });
    port::Result result(port::Message("{}"));
    result.fd = std::make_shared<port::Fd>(ends[0]);
    return result;
  }

  // Outlives the threads, which a test does not wait for.
  const support::Authority::Issued& issue(const std::string& names, long seconds = 3600) {
    return issued_.emplace_back(authority().issue(names, seconds));
  }

  port::Result run(json steps, Duration timeout = Duration{0}) {
    return bench.call("pb.channel/1:send", {{"steps", std::move(steps)}}, {}, timeout);
  }
  std::vector<std::string> gave(json steps) {
    const auto result = run(std::move(steps));
    EXPECT_EQ(result.code, Code::ok) << result.text;
    return result.ok() ? body_of(result).at("provider_ids").get<std::vector<std::string>>()
                       : std::vector<std::string>();
  }
  std::future<port::Result> begin(json steps) {
    port::Call request("pb.channel/1:send", port::Message(json{{"steps", std::move(steps)}}.dump()));
    auto answered = std::make_shared<std::promise<port::Result>>();
    bench.instance->begin(std::move(request),
                          [answered](port::Result result) { answered->set_value(std::move(result)); });
    return answered->get_future();
  }

  Bench bench{GetParam()};
  Script script = [](Peer& peer) {  // says back what it hears
    for (std::string heard = peer.read(); !heard.empty(); heard = peer.read()) peer.write(heard);
  };
  std::string asked_;
  std::deque<support::Authority::Issued> issued_;
  std::vector<std::thread> threads_;
};

void wait_for_end(Peer& peer) {
  while (!peer.read().empty()) continue;
}

TEST_P(Net, ReadsAndWritesWithoutTls) {
  const auto all = gave({connect(), step("write", {{"bytes", "hello"}}), step("read"), step("close")});
  EXPECT_EQ(all, (std::vector<std::string>{"connected", "written", "hello", "closed"}));
  EXPECT_EQ(asked_, R"(pb.net/1:connect {"host":"mail.example","port":143})");
}

TEST_P(Net, SpeaksTlsFromTheFirstByte) {
  const auto& identity = issue("DNS:mail.example");
  script = [&](Peer& peer) {
    if (peer.secure(identity)) peer.write("safe:" + peer.read());
    peer.finish();
  };
  const auto all = gave({connect(true), step("write", {{"bytes", "hello"}}), step("read"), step("read")});
  EXPECT_EQ(all.at(2), "safe:hello");
  EXPECT_EQ(all.at(3), "");
}

TEST_P(Net, BeginsTlsInTheMiddle) {
  const auto& identity = issue("DNS:mail.example");
  script = [&](Peer& peer) {
    peer.write("go on to " + peer.read());
    if (peer.secure(identity)) peer.write("safe:" + peer.read());
    wait_for_end(peer);
  };
  const auto all = gave({connect(), step("write", {{"bytes", "tls"}}), step("read"), step("start_tls"),
                         step("write", {{"bytes", "hello"}}), step("read")});
  EXPECT_EQ(all.at(2), "go on to tls");
  EXPECT_EQ(all.at(5), "safe:hello");
  EXPECT_EQ(run({step("start_tls")}).code, Code::conflict);
}

TEST_P(Net, RefusesACertificateForAnotherName) {
  const auto& identity = issue("DNS:other.example");
  script = [&](Peer& peer) { peer.secure(identity); };
  const auto result = run({connect(true)});
  EXPECT_EQ(result.code, Code::denied);
  EXPECT_NE(result.text.find("mail.example"), std::string::npos) << result.text;
  EXPECT_NE(result.text.find("hostname mismatch"), std::string::npos) << result.text;
}

TEST_P(Net, RefusesAnExpiredCertificate) {
  const auto& identity = issue("DNS:mail.example", -60);
  script = [&](Peer& peer) { peer.secure(identity); };
  const auto result = run({connect(true)});
  EXPECT_EQ(result.code, Code::denied);
  EXPECT_NE(result.text.find("expired"), std::string::npos) << result.text;
}

// Also that a worker can read them at all.
TEST_P(Net, BelievesTheAuthoritiesOfTheSystemOnly) {
  const auto& identity = issue("DNS:mail.example");
  script = [&](Peer& peer) { peer.secure(identity); };
  const auto result = run({step("connect", {{"tls", true}})});
  EXPECT_EQ(result.code, Code::denied) << result.text;
  EXPECT_NE(result.text.find("issuer"), std::string::npos) << result.text;
}

TEST_P(Net, SaysThatTheOtherSideSpeaksNoTls) {
  script = [](Peer& peer) {
    peer.write("220 mail.example ready\r\n");
    wait_for_end(peer);
  };
  const auto result = run({connect(true)});
  EXPECT_EQ(result.code, Code::unavailable) << result.text;
  EXPECT_NE(result.text.find("STARTTLS"), std::string::npos) << result.text;
}

TEST_P(Net, RefusesAuthoritiesThatAreNone) {
  EXPECT_EQ(run({step("connect", {{"tls", true}, {"ca", "-----BEGIN CERTIFICATE-----"}})}).code,
            Code::invalid);
}

TEST_P(Net, ReadsTheEndAsNothing) {
  script = [](Peer& peer) { peer.write("bye"); };
  const auto all = gave({connect(), step("drain", {{"size", 3}}), step("read"), step("read")});
  EXPECT_EQ(all, (std::vector<std::string>{"connected", "0 left", "", ""}));
}

// Somebody in between may have cut it.
TEST_P(Net, TellsATlsConnectionThatIsCutFromOneThatEnds) {
  const auto& identity = issue("DNS:mail.example");
  script = [&](Peer& peer) {
    if (peer.secure(identity)) peer.write("half");
  };
  const auto result = run({connect(true), step("drain", {{"size", 4}}), step("read")});
  EXPECT_EQ(result.code, Code::unavailable);
  EXPECT_NE(result.text.find("broke"), std::string::npos) << result.text;
}

TEST_P(Net, MovesAMebibyteBothWays) {
  const auto& identity = issue("DNS:mail.example");
  script = [&](Peer& peer) {
    if (!peer.secure(identity)) return;
    std::size_t came = 0;
    for (std::string heard = "x"; came < (1u << 20) && !heard.empty(); came += heard.size())
      heard = peer.read();
    peer.write(std::string(1u << 20, 'y'));
    wait_for_end(peer);
  };
  const auto all = gave({connect(true), step("fill", {{"size", 1u << 20}}),
                         step("drain", {{"size", 1u << 20}}), step("close")});
  EXPECT_EQ(all, (std::vector<std::string>{"connected", "filled", "0 left", "closed"}));
}

TEST_P(Net, PeerThatReadsNothingCostsTheWriterItsTime) {
  std::promise<void> over;
  script = [waits = over.get_future().share()](Peer&) { waits.wait(); };
  const auto result = run({connect(), step("fill", {{"size", 8u << 20}, {"within", 100}})});
  EXPECT_EQ(result.code, Code::deadline) << result.text;
  // What a write left half done cannot be gone on with.
  EXPECT_EQ(run({step("write", {{"bytes", "x"}})}).code, Code::unavailable);
  EXPECT_EQ(gave({step("close"), connect()}).size(), 2u);
  over.set_value();
}

TEST_P(Net, ReadThatWaitsTooLongTakesNothing) {
  script = [](Peer& peer) {
    peer.write(peer.read());
    wait_for_end(peer);
  };
  EXPECT_EQ(run({connect(), step("read", {{"within", 20}})}).code, Code::deadline);
  EXPECT_EQ(gave({step("write", {{"bytes", "still here"}}), step("read")}).at(1), "still here");
}

TEST_P(Net, CancelledCallEndsItsRead) {
  EXPECT_EQ(gave({connect()}).size(), 1u);
  const auto result = run({step("read")}, 50ms);
  EXPECT_TRUE(result.code == Code::cancelled || result.code == Code::deadline) << result.text;
  EXPECT_EQ(gave({step("write", {{"bytes", "x"}}), step("read")}).at(1), "x");
}

TEST_P(Net, OneReadWaitsAtATime) {
  EXPECT_EQ(gave({connect()}).size(), 1u);
  auto waiting = begin({step("read")});
  auto second = begin({step("read")});
  EXPECT_EQ(within_a_minute(std::move(second)).code, Code::conflict);
  EXPECT_EQ(gave({step("write", {{"bytes", "x"}})}).size(), 1u);
  EXPECT_EQ(within_a_minute(std::move(waiting)).code, Code::ok);
}

TEST_P(Net, CloseEndsWhatWaits) {
  EXPECT_EQ(gave({connect()}).size(), 1u);
  auto waiting = begin({step("read")});
  EXPECT_EQ(gave({step("close")}).size(), 1u);
  EXPECT_EQ(within_a_minute(std::move(waiting)).code, Code::cancelled);
}

TEST_P(Net, InstanceThatEndsClosesItsConnections) {
  std::promise<void> ended;
  script = [&](Peer& peer) {
    wait_for_end(peer);
    ended.set_value();
  };
  EXPECT_EQ(gave({connect()}).size(), 1u);
  auto waiting = begin({step("read")});
  bench.close();
  EXPECT_NE(within_a_minute(std::move(waiting)).code, Code::ok);
  within_a_minute(ended.get_future());
}

TEST_P(Net, HostThatRefusesIsHeard) {
  bench.host->on_ask = [](const port::Call&, const port::HostSide::Reply& reply) {
    reply(port::Result(Code::denied, "not declared"));
  };
  const auto result = run({connect()});
  EXPECT_EQ(result.code, Code::denied);
  EXPECT_NE(result.text.find("not declared"), std::string::npos);
}

TEST_P(Net, AnswerWithoutASocketIsTheHostsFault) {
  bench.host->on_ask = [](const port::Call&, const port::HostSide::Reply& reply) {
    reply(port::Result(port::Message("{}")));
  };
  EXPECT_EQ(run({connect()}).code, Code::internal);
}

// What nobody takes is closed: asked for past the table, or answered too late.
TEST_P(Net, SocketThatNobodyTakesIsClosed) {
  std::promise<void> ended;
  script = [&](Peer& peer) {
    wait_for_end(peer);
    ended.set_value();
  };
  EXPECT_EQ(gave({step("ask without the table")}).size(), 1u);
  within_a_minute(ended.get_future());
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST_P(Net, ThousandConnectionsLeaveNoDescriptor) {
  bench.host->on_ask = [](const port::Call&, const port::HostSide::Reply& reply) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    ::close(ends[1]);
    port::Result result(port::Message("{}"));
    result.fd = std::make_shared<port::Fd>(ends[0]);
    reply(std::move(result));
  };
  const int before = std::stoi(gave({connect(), step("descriptor"), step("close")}).at(1));
  const auto ours = open_descriptors();
  json steps = json::array();
  for (int i = 0; i < 50; ++i) {
    steps.push_back(connect());
    steps.push_back(step("close"));
  }
  for (int i = 0; i < 20; ++i) EXPECT_EQ(gave(steps).size(), 100u);
  EXPECT_LT(std::stoi(gave({step("descriptor")}).at(0)), before);
  // One that was just closed may still have been counted before.
  EXPECT_TRUE(eventually([&] { return open_descriptors() <= ours; })) << open_descriptors() << " of " << ours;
}

INSTANTIATE_TEST_SUITE_P(BothModes, Net,
                         testing::Values(Subject("dialler", "dialler", false),
                                         Subject("dialler", "dialler", true)),
                         subject_name);

class NetInAWorker : public Net {};

TEST_P(NetInAWorker, EndOfTheProcessClosesItsConnections) {
  std::promise<void> ended;
  script = [&](Peer& peer) {
    wait_for_end(peer);
    ended.set_value();
  };
  EXPECT_EQ(gave({connect()}).size(), 1u);
  signal_process(bench.port->pid(), SIGKILL);
  within_a_minute(ended.get_future());
  EXPECT_TRUE(eventually([this] { return bench.host->ended == 1; }));
}

// HOST-6: descriptors go one way only.
TEST_P(NetInAWorker, WorkerThatSendsADescriptorIsEnded) {
  std::promise<port::Death> died;
  bench.port->on_death([&](port::Death death) { died.set_value(std::move(death)); });
  EXPECT_NE(run({step("send a descriptor"), connect(), step("read")}).code, Code::ok);
  const auto death = within_a_minute(died.get_future());
  EXPECT_EQ(death.kind, port::Death::Kind::plugin);
  EXPECT_NE(death.cause.find("a descriptor"), std::string::npos) << death.cause;
}

INSTANTIATE_TEST_SUITE_P(Worker, NetInAWorker, testing::Values(Subject("dialler", "dialler", true)),
                         subject_name);

}  // namespace
}  // namespace patchbay::test
