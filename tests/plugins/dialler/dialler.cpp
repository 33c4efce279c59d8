// For tests of pb.net/1: does the steps of {"steps": [...]} one after another and answers with what each
// gave. A step is {"do": word, "on": a name for the connection, ...}.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <map>

#include <patchbay/seam.hpp>

using patchbay::Error;
using patchbay::Json;
using patchbay::Stream;
using patchbay::Task;

namespace {

constexpr int kLine = 3;  // the worker's line to the host

// What a worker may never do.
std::string send_descriptor() {
  char byte = 'P';
  iovec part{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int one = 2;
  std::memcpy(CMSG_DATA(header), &one, sizeof one);
  return std::to_string(::sendmsg(kLine, &message, MSG_NOSIGNAL));
}

// The lowest number that is free: grows with what leaks.
std::string next_descriptor() {
  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (next >= 0) ::close(next);
  return std::to_string(next);
}

}  // namespace

class Dialler : public patchbay::Plugin {
 public:
  using Plugin::Plugin;

  // The server says who it is.
  Task<patchbay::CheckReply> check() override {
    const Json& wanted = settings();
    const std::string security = wanted.value("security", "none");
    patchbay::NetTarget target(wanted.at("host"), wanted.at("port"));
    target.believe(wanted.value("ca", ""));
    if (security == "tls") target.tls();
    Stream stream = co_await host().connect(std::move(target));
    if (security == "starttls") {
      co_await stream.write("STARTTLS\n");
      co_await stream.read();
      co_await stream.start_tls();
    }
    co_await stream.write("WHO\n");
    const std::string name = co_await stream.read();
    co_return patchbay::CheckReply(name, name);
  }

  Task<patchbay::SendReply> send(Json request) override {
    std::vector<std::string> gave;
    const Json steps = request.at("steps");
    for (const Json& step : steps) {
      std::string one = co_await act(step);
      gave.push_back(std::move(one));
    }
    co_return patchbay::SendReply(std::move(gave));
  }

 private:
  Task<std::string> act(Json step) {
    const std::string word = step.at("do");
    const std::string on = step.value("on", "a");
    const std::int64_t within = step.value("within", 0);
    if (word == "descriptor") co_return next_descriptor();
    if (word == "send a descriptor") co_return send_descriptor();
    if (word == "ask without the table") {
      Json body = {{"host", "mail.example"}, {"port", 143}};
      co_await host().call("pb.net/1:connect", std::move(body));
      co_return "answered";
    }
    if (word == "connect") {
      patchbay::NetTarget target(step.value("host", "mail.example"), step.value("port", 143u));
      if (step.value("tls", false)) target.tls();
      target.believe(step.value("ca", "")).within(within);
      Stream made = co_await host().connect(std::move(target));
      streams_.insert_or_assign(on, std::move(made));
      co_return "connected";
    }
    const auto found = streams_.find(on);
    if (found == streams_.end()) throw Error(PB_INVALID, "There is no connection " + on);
    const Stream& stream = found->second;
    if (word == "read") {
      const std::size_t most = step.value("most", std::size_t(0));
      co_return co_await stream.read(most, within);
    }
    if (word == "write") {
      co_await stream.write(step.at("bytes"), within);
      co_return "written";
    }
    if (word == "fill") {
      std::string bytes(step.at("size"), 'x');
      co_await stream.write(std::move(bytes), within);
      co_return "filled";
    }
    if (word == "drain") {
      std::size_t left = step.at("size");
      while (left > 0) {
        const std::string piece = co_await stream.read(left, within);
        if (piece.empty()) break;
        left -= piece.size();
      }
      co_return std::to_string(left) + " left";
    }
    if (word == "start_tls") {
      co_await stream.start_tls(within);
      co_return "secured";
    }
    if (word != "close") throw Error(PB_INVALID, "No step " + word);
    streams_.erase(found);
    co_return "closed";
  }

  std::map<std::string, Stream> streams_;
};

PATCHBAY_PLUGIN(Dialler)
