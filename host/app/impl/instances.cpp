#include "app/impl/instances.hpp"

#include <algorithm>

namespace patchbay::app {

namespace asio = boost::asio;

namespace {

constexpr Duration kConfigureLimit{10'000};
constexpr Duration kStartLimit{30'000};

asio::awaitable<port::Result> prepare(std::shared_ptr<port::Instance> instance, std::string configure,
                                      bool started) {
  if (configure.empty()) co_return port::Result();
  port::Call call("pb.lifecycle/1:configure", port::Message(std::move(configure)), "", kConfigureLimit);
  auto result = co_await instance->call(std::move(call));
  if (!result.ok() || !started) co_return result;
  port::Call start("pb.lifecycle/1:start", port::Message("{}"), "", kStartLimit);
  co_return co_await instance->call(std::move(start));
}

}  // namespace

std::filesystem::path worker_executable() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "patchbay-worker";
}

asio::awaitable<void> Instances::run(lifecycle::RunSpec spec) {
  auto context =
      std::make_shared<plugin::InstanceContext>(spec.integration, spec.manifest, spec.settings, logger_);
  context->profile = spec.profile;
  context->profile_settings = spec.profile_settings;
  context->grants = spec.grants;
  auto ready = [configure = spec.configure,
                started = spec.started](std::shared_ptr<port::Instance> instance) {
    return prepare(std::move(instance), configure, started);
  };
  const auto number = spec.trial ? -spec.integration : spec.integration;
  supervisor::Spec wanted(number, spec.manifest, services_.make(std::move(context)), std::move(ready));
  wanted.keep = spec.started;
  wanted.in_process = runs_inside(spec.manifest->id);
  fleet_.release(number);
  co_await fleet_.run(std::move(wanted));
}

bool Instances::runs_inside(const std::string& plugin) const {
  return std::find(in_process_.begin(), in_process_.end(), plugin) != in_process_.end();
}

asio::awaitable<void> Instances::halt(Id integration) {
  co_await fleet_.halt(integration);
}

}  // namespace patchbay::app
