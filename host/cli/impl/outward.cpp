#include "cli/impl/outward.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "net/egress.hpp"

namespace patchbay::cli {
namespace {

constexpr int kPatienceMs = 3000;

using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

// Null when there are none; `error` is then one of EAI_*.
Addresses resolve(const std::string& host, const std::string& port, int& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  error = ::getaddrinfo(host.c_str(), port.empty() ? nullptr : port.c_str(), &hints, &found);
  return {error == 0 ? found : nullptr, [](addrinfo* each) {
            if (each != nullptr) ::freeaddrinfo(each);
          }};
}

Text no_address(const std::string& host, int error) {
  // EAI_AGAIN: nobody answered; anything else: the answer was no.
  return Text(error == EAI_AGAIN ? "cli.doctor_dns_silent" : "cli.doctor_dns_unknown",
              {{"host", host}, {"reason", ::gai_strerror(error)}});
}

// 0, or why there is no connection.
int connects(const addrinfo& to) {
  const int fd = ::socket(to.ai_family, to.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to.ai_protocol);
  if (fd < 0) return errno;
  int error = ::connect(fd, to.ai_addr, to.ai_addrlen) == 0 ? 0 : errno;
  if (error == EINPROGRESS) {
    pollfd wait{fd, POLLOUT, 0};
    socklen_t size = sizeof error;
    if (::poll(&wait, 1, kPatienceMs) != 1) {
      error = ETIMEDOUT;
    } else if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
      error = errno;
    }
  }
  ::close(fd);
  return error;
}

void look_at_port(const std::string& host, const std::string& port, Findings& out) {
  int error = 0;
  const auto addresses = resolve(host, port, error);
  if (!addresses) return out.add("mail", State::fault, no_address(host, error));
  for (const auto* each = addresses.get(); each != nullptr; each = each->ai_next) {
    error = connects(*each);
    if (error == 0) return out.ok("mail", Text("cli.doctor_mail", {{"host", host}, {"port", port}}));
  }
  const bool silent = error == ETIMEDOUT;
  out.add("mail", State::warning,
          Text(silent ? "cli.doctor_mail_silent" : "cli.doctor_mail_closed",
               {{"host", host}, {"port", port}, {"reason", std::strerror(error)}}));
}

}  // namespace

void look_at_names(const std::vector<std::string>& hosts, Findings& out) {
  std::size_t known = 0;
  for (const auto& host : hosts) {
    int error = 0;
    if (resolve(host, {}, error)) {
      ++known;
    } else {
      out.add("dns", error == EAI_AGAIN ? State::fault : State::warning, no_address(host, error));
    }
  }
  if (known == hosts.size()) out.ok("dns", Text("cli.doctor_dns", {{"count", std::to_string(known)}}));
}

void look_at_mail(const std::string& server, Findings& out) {
  const auto parts = net::parse_url("https://" + server);
  if (!parts || parts->target != "/")
    throw Error(Code::invalid, Text("cli.doctor_mail_server", {{"server", server}}));
  if (server.ends_with(':' + std::to_string(parts->port)))
    return look_at_port(parts->host, std::to_string(parts->port), out);
  for (const char* port : {"25", "465", "587", "143", "993"}) look_at_port(parts->host, port, out);
}

}  // namespace patchbay::cli
