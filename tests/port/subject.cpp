#include "port/subject.hpp"

namespace patchbay::test {
namespace {

boost::asio::awaitable<port::Result> call_one(std::shared_ptr<port::Instance> instance, port::Call call) {
  auto answer = instance->call(std::move(call));
  co_return co_await std::move(answer);
}

port::RemoteOptions remote_options(Machine& machine, const Subject& subject) {
  return port::RemoteOptions(worker_path(), library_of(subject), port::Expected(subject.id, "0.1.0"),
                             machine.context.get_executor(), machine.clock);
}

}  // namespace

std::shared_ptr<port::Port> open_port(Machine& machine, const Subject& subject, port::Journal journal) {
  const port::Expected expected(subject.id, "0.1.0");
  if (subject.remote) {
    auto options = remote_options(machine, subject);
    options.journal = std::move(journal);
    return machine.run(port::start_remote(machine.spawner, std::move(options)));
  }
  port::LocalOptions options(library_of(subject), expected, machine.context.get_executor(), machine.clock);
  options.journal = std::move(journal);
  return port::open_local(std::move(options));
}

std::shared_ptr<port::Port> open_without_sandbox(Machine& machine, const Subject& subject) {
  auto options = remote_options(machine, subject);
  options.rights.sandbox = false;
  return machine.run(port::start_remote(machine.spawner, std::move(options)));
}

Bench::Bench(const Subject& subject, port::Journal journal)
    : port(open_port(machine, subject, std::move(journal))),
      instance(machine.run(port->open(subject.id, host))) {}

Bench::~Bench() {
  if (instance) close();
  machine.run(port->stop(2s));
}

void Bench::close() {
  call("pb.lifecycle/1:stop");
  destroy();
}

void Bench::destroy() {
  machine.run(instance->close());
  instance.reset();
}

port::Result Bench::call(const std::string& method, const json& body, std::vector<std::string> blobs,
                         Duration timeout) {
  port::Call request(method, port::Message(body.dump(), std::move(blobs)),
                     "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01", timeout);
  return machine.run(call_one(instance, std::move(request)));
}

port::Result Bench::act(const std::string& name, json body, std::vector<std::string> blobs) {
  body["misbehave"] = name;
  return call("pb.channel/1:send", body, std::move(blobs));
}

std::future<port::Result> Bench::begin_act(const std::string& name, json body, Duration timeout) {
  body["misbehave"] = name;
  port::Call request("pb.channel/1:send", port::Message(body.dump()), {}, timeout);
  auto answered = std::make_shared<std::promise<port::Result>>();
  auto future = answered->get_future();
  instance->begin(std::move(request),
                  [answered](port::Result result) { answered->set_value(std::move(result)); });
  return future;
}

}  // namespace patchbay::test
