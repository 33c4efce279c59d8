#include "bench/mailboxes.hpp"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "bench/whole_host.hpp"
#include "port/support.hpp"
#include "support/certificates.hpp"

namespace patchbay::bench {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr int kBefore = 20;  // what the first ones cost once is everybody's
constexpr int kMailboxes = 200;

// Greets in TLS, then waits for the end: a thread for each connection.
class MailServer {
 public:
  MailServer() : identity_(authority_.issue("DNS:mail.example")) {}
  ~MailServer() {
    for (auto& each : threads_) each.join();
  }

  std::string authorities() const { return authority_.pem(); }
  // The client's end.
  int accept() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::runtime_error("no socket pair");
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, end = ends[1]] { talk(end); });
    return ends[0];
  }

 private:
  void talk(int socket) const {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                    SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), identity_.certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), identity_.key.get());
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), SSL_free);
    SSL_set_fd(tls.get(), socket);
    std::array<char, 64> room{};
    if (SSL_accept(tls.get()) == 1) {
      SSL_write(tls.get(), "* OK ready", 10);
      while (SSL_read(tls.get(), room.data(), static_cast<int>(room.size())) > 0) continue;
    }
    ::close(socket);
  }

  const support::Authority authority_;
  const support::Authority::Issued identity_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

void connect(test::Machine& machine, port::Instance& instance, const std::string& authorities) {
  const json steps = {{{"do", "connect"}, {"tls", true}, {"ca", authorities}}, {{"do", "read"}}};
  port::Call call("pb.channel/1:send", port::Message(json{{"steps", steps}}.dump()));
  const auto result = machine.run(instance.call(std::move(call)));
  if (!result.ok()) throw std::runtime_error("a mailbox does not connect: " + result.text);
}

}  // namespace

Figure idle_mailboxes() {
  MailServer server;
  test::Machine machine(2);
  const auto host = std::make_shared<test::FakeHost>();
  host->on_ask = [&server](const port::Call&, const port::HostSide::Reply& reply) {
    port::Result result(port::Message("{}"));
    result.fd = std::make_shared<port::Fd>(server.accept());
    reply(std::move(result));
  };
  port::RemoteOptions options(test::worker_path(), test::plugin_library("dialler"),
                              port::Expected("dialler", "0.1.0"), machine.context.get_executor(),
                              machine.clock);
  const auto port = machine.run(port::start_remote(machine.spawner, std::move(options)));
  std::vector<std::shared_ptr<port::Instance>> instances;
  const auto grow_to = [&](int count) {
    while (static_cast<int>(instances.size()) < count) {
      instances.push_back(machine.run(port->open("dialler", host)));
      connect(machine, *instances.back(), server.authorities());
    }
    std::this_thread::sleep_for(500ms);
    return private_memory_mib(port->pid());
  };
  const double before = grow_to(kBefore);
  const double after = grow_to(kBefore + kMailboxes);
  for (auto& instance : instances) machine.run(instance->close());
  machine.run(port->stop(2s));
  Figure figure("S7", "idle TLS mailbox connection", "kB", (after - before) * 1024 / kMailboxes);
  figure.at_most(40, 25);
  figure.note = std::to_string(kMailboxes) + " instances with one connection each, in one worker";
  return figure;
}

}  // namespace patchbay::bench
