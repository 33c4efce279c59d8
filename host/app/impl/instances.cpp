#include "app/impl/instances.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

asio::awaitable<void> Instances::run(lifecycle::RunSpec spec) {
  co_await halt(spec.integration);
  std::shared_ptr<port::Port> port;
  {
    const std::lock_guard lock(mutex_);
    port = ports_[spec.manifest->sha256];
  }
  if (!port) {
    port::RemoteOptions options(std::filesystem::read_symlink("/proc/self/exe").parent_path() / "patchbay-worker", spec.manifest->artefact,
                                port::Expected(spec.manifest->id, spec.manifest->version), executor_, clock_);
    options.journal = [logger = logger_](int, const std::string& text) { logger.info(text); };
    port = co_await port::start_remote(spawner_, std::move(options));
    const std::lock_guard lock(mutex_);
    ports_[spec.manifest->sha256] = port;
  }
  auto context = std::make_shared<plugin::InstanceContext>(spec.integration, spec.manifest, spec.settings, logger_);
  auto side = services_.make(context);
  auto instance = co_await port->open(spec.manifest->id, side);
  {
    const std::lock_guard lock(mutex_);
    instances_[spec.integration] = instance;
  }
  port::Call configure("pb.lifecycle/1:configure", port::Message(spec.configure), "", Duration(10000));
  const auto result = co_await call(spec.integration, std::move(configure));
  if (!result.ok()) throw Error(result.code, Text::verbatim(result.text));
  if (!spec.started) co_return;
  port::Call start("pb.lifecycle/1:start", port::Message("{}"), "", Duration(10000));
  const auto started = co_await call(spec.integration, std::move(start));
  if (!started.ok()) throw Error(started.code, Text::verbatim(started.text));
}

asio::awaitable<void> Instances::halt(Id integration) {
  std::shared_ptr<port::Instance> instance;
  {
    const std::lock_guard lock(mutex_);
    const auto found = instances_.find(integration);
    if (found == instances_.end()) co_return;
    instance = std::move(found->second);
    instances_.erase(found);
  }
  co_await instance->close();
}

asio::awaitable<port::Result> Instances::call(Id integration, port::Call call) {
  std::shared_ptr<port::Instance> instance;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = instances_.find(integration); found != instances_.end()) instance = found->second;
  }
  if (!instance) co_return port::Result(Code::unavailable, "not running");
  co_return co_await instance->call(std::move(call));
}

asio::awaitable<void> Instances::stop() {
  for (auto& [id, instance] : instances_) co_await instance->close();
  for (auto& [id, port] : ports_) co_await port->stop(Duration(2000));
}

}  // namespace patchbay::app
