#include "plugin/services.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "plugin/impl/services/kept.hpp"
#include "plugin/impl/services/reading.hpp"
#include "plugin/impl/services/side.hpp"
#include "plugin/impl/services/verbs.hpp"
#include "port/limits.hpp"

namespace patchbay::plugin {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kLongestLine = 8u << 10;
constexpr std::size_t kLongestFields = 16u << 10;

// At a character's edge, and saying so.
std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

port::Result result_of(const Error& error) {
  auto result = port::failure(error.code(), error.text());
  result.retry_after = error.retry_after();
  return result;
}

}  // namespace

InstanceContext::InstanceContext(Id integration_, std::shared_ptr<const Manifest> manifest_,
                                 std::string settings_, const log::Logger& logger_)
    : integration(integration_),
      manifest(std::move(manifest_)),
      settings(std::move(settings_)),
      logger(logger_.with({{"plugin", manifest->id}, {"integration", to_string_id(integration)}})) {}

struct Services::State : std::enable_shared_from_this<Services::State> {
  explicit State(Parts p)
      : parts(std::move(p)),
        tasks(parts.executor, [logger = parts.logger](const std::string& name, std::exception_ptr) {
          logger.error("a call of a plugin ended without an answer", {{"method", name}});
        }) {}

  asio::awaitable<port::Result> checked(std::shared_ptr<Asked> asked);
  asio::awaitable<port::Result> guarded(std::shared_ptr<Asked> asked);
  asio::awaitable<void> serve(std::shared_ptr<Asked> asked, std::shared_ptr<OpenCalls> calls,
                              std::uint64_t id);
  void cancel_all();

  const Parts parts;
  std::map<std::string, Handler, std::less<>> handlers;
  TaskScope tasks;
  std::mutex mutex;
  // Of every living instance.
  std::vector<std::pair<std::weak_ptr<OpenCalls>, std::weak_ptr<InstanceContext::Kept>>> open;
};

asio::awaitable<port::Result> Services::State::checked(std::shared_ptr<Asked> asked) {
  const auto method = asked->call.method;
  const auto entry = handlers.find(method);
  if (entry == handlers.end())
    throw Error(Code::unsupported, Text("plugin.unknown_method", {{"method", repair_utf8(method)}}));
  if (port::is_too_deep(asked->call.message.json))
    throw Error(Code::invalid, Text("plugin.too_deep", {{"method", method}}));
  if (parts.checker != nullptr) {
    const auto fault = parts.checker->check_request(method, asked->call.message);
    if (fault) throw Error(Code::invalid, Text::verbatim(*fault));
  }
  auto context = asked->context;
  auto call = std::move(asked->call);
  auto result = co_await entry->second(std::move(context), std::move(call));
  if (parts.checker != nullptr) {
    const auto fault = parts.checker->check_reply(method, result);
    if (fault) throw Error(Code::internal, Text::verbatim(*fault));
  }
  co_return result;
}

// Whatever is thrown becomes an answer.
asio::awaitable<port::Result> Services::State::guarded(std::shared_ptr<Asked> asked) {
  const auto method = asked->call.method;
  try {
    co_return co_await checked(asked);
  } catch (const Error& error) {
    const auto level = error.code() == Code::internal ? log::Level::error
                       : error.code() == Code::denied ? log::Level::warn
                                                      : log::Level::debug;
    asked->context->kept->say(asked->context->logger, level, error.what(), {{"method", repair_utf8(method)}});
    co_return result_of(error);
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) {
      co_return port::failure(Code::cancelled, Text("plugin.call_cancelled"));
    }
    asked->context->logger.error(error.what(), {{"method", method}});
  } catch (const std::exception& error) {
    asked->context->logger.error(error.what(), {{"method", method}});
  }
  co_return port::failure(Code::internal, Text("plugin.call_failed"));
}

asio::awaitable<void> Services::State::serve(std::shared_ptr<Asked> asked, std::shared_ptr<OpenCalls> calls,
                                             std::uint64_t id) {
  auto result = port::failure(Code::cancelled, Text("plugin.call_cancelled"));
  if (!asked->is_cancelled) {
    auto work = guarded(asked);
    auto token = asio::bind_cancellation_slot(asked->signal.slot(), asio::use_awaitable);
    auto running = asio::co_spawn(asked->strand, std::move(work), std::move(token));
    result = co_await std::move(running);
  }
  calls->remove(id, asked.get());
  asked->answer(std::move(result));
}

void Services::State::cancel_all() {
  const std::lock_guard lock(mutex);
  for (const auto& [calls, kept] : open) {
    if (const auto some = calls.lock()) some->cancel_all();
    if (const auto some = kept.lock()) some->end_open();
  }
}

namespace {

// The host as one instance sees it.
template <class State>
class Side final : public port::HostSide {
 public:
  Side(std::shared_ptr<State> services, std::shared_ptr<InstanceContext> context,
       std::shared_ptr<OpenCalls> calls)
      : services_(std::move(services)),
        context_(std::move(context)),
        calls_(std::move(calls)),
        metrics_(services_->parts.metrics, context_) {}
  ~Side() override {
    calls_->cancel_all();
    context_->kept->end_open();
  }

  void ask(std::uint64_t id, port::Call call, Reply reply) override {
    auto strand = asio::any_io_executor(asio::make_strand(services_->parts.executor));
    auto asked = std::make_shared<Asked>(strand, context_, std::move(call), std::move(reply));
    auto name = asked->call.method.substr(0, 100);
    if (!calls_->add(id, asked)) return refuse(std::move(asked));
    auto task = services_->serve(std::move(asked), calls_, id);
    services_->tasks.spawn_on(std::move(strand), std::move(name), std::move(task));
  }

  void cancel(std::uint64_t id) override { calls_->cancel(id); }

  void instance_ended() override { context_->kept->end_open(); }

  void log(int level, std::string text, std::string fields) override {
    const auto known = static_cast<log::Level>(std::clamp(level, 0, 4));
    const auto line = cut(repair_utf8(text), kLongestLine);
    if (fields.empty()) return context_->kept->say(context_->logger, known, line);
    context_->kept->say(context_->logger, known, line,
                        {{"fields", cut(repair_utf8(fields), kLongestFields)}});
  }

  void define_metric(std::uint64_t handle, int kind, std::string name, std::string help,
                     std::string labels) override {
    constexpr metrics::Kind kKinds[] = {metrics::Kind::counter, metrics::Kind::gauge,
                                        metrics::Kind::histogram};
    if (kind < 1 || kind > 3) return;
    std::vector<std::string> names;
    if (!labels.empty()) names.push_back(std::move(labels));
    metrics_.define(
        handle, metrics::Definition(kKinds[kind - 1], std::move(name), repair_utf8(help), std::move(names)));
  }

  void record_metric(std::uint64_t handle, double value, std::string label_values) override {
    metrics_.record(handle, value, label_values);
  }

  bool acted(const std::string& trace, std::chrono::nanoseconds since) override {
    // What goes over a connection of its own, the host does not see.
    return !context_->manifest->net.empty() || context_->kept->acted.has(trace, since);
  }

 private:
  void refuse(std::shared_ptr<Asked> asked) {
    asio::post(asked->strand, [asked] {
      auto result = port::failure(Code::rate_limited, Text("plugin.too_many_calls"));
      result.retry_after = Duration(100);
      asked->answer(std::move(result));
    });
  }

  const std::shared_ptr<State> services_;
  const std::shared_ptr<InstanceContext> context_;
  const std::shared_ptr<OpenCalls> calls_;
  InstanceMetrics metrics_;
};

}  // namespace

Services::Services(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {
  add_http(*this, state_->parts, state_->tasks);
  add_net(*this, state_->parts);
  add_oauth(*this, state_->parts);
  add_secrets(*this, state_->parts);
  add_state(*this, state_->parts);
  add_blobs(*this, state_->parts);
}

Services::~Services() = default;

void Services::add(const std::string& method, Handler handler) {
  state_->handlers[method] = std::move(handler);
}

std::shared_ptr<port::HostSide> Services::make(std::shared_ptr<InstanceContext> context) {
  if (!context->kept)
    context->kept = std::make_shared<InstanceContext::Kept>(state_->parts.redactor, state_->parts.clock,
                                                            state_->parts.executor);
  auto calls = std::make_shared<OpenCalls>();
  {
    const std::lock_guard lock(state_->mutex);
    std::erase_if(state_->open, [](const auto& side) { return side.first.expired(); });
    state_->open.emplace_back(calls, context->kept);
  }
  return std::make_shared<Side<State>>(state_, std::move(context), std::move(calls));
}

asio::awaitable<void> Services::stop() {
  // First each call by its own signal: the scope's reaches only what waits for them.
  state_->cancel_all();
  co_await state_->tasks.stop();
}

}  // namespace patchbay::plugin
