#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "patchbay/plugin.hpp"
#include "patchbay/verbs.hpp"

#ifdef __clang__
#define PB_COMPILER __VERSION__
#else
#define PB_COMPILER "gcc " __VERSION__
#endif

namespace patchbay {

// The only code that meets C. Copies what is lent, turns every exception into a result, answers each call
// once. Nothing throws out of it.
class Seam {
 public:
  explicit Seam(const pb_host* host) : host_(host), services_(host_) {
    table_.struct_size = sizeof table_;
    table_.self = this;
    table_.deliver = &Seam::deliver;
    table_.cancelled = &Seam::cancelled;
    table_.destroy = &Seam::destroy;
  }
  Seam(const Seam&) = delete;
  Seam& operator=(const Seam&) = delete;

  // Makes an instance of the plugin type. Null on failure, and when the host lacks what every plugin needs.
  template <class Type>
  static pb_plugin* create(const pb_host* host, const char*) noexcept {
    try {
      if (!PB_HAS(host, pb_host, call) || !PB_HAS(host, pb_host, finish)) return nullptr;
      auto seam = std::make_unique<Seam>(host);
      seam->plugin_ = std::make_unique<Type>(seam->services_);
      return &seam.release()->table_;
    } catch (...) {
      return nullptr;
    }
  }

 private:
  // A delivered call and the tasks that serve it. Deletes itself from its seam when they are done.
  class OpenCall final : public Chain {
   public:
    OpenCall(Seam& seam, std::shared_ptr<CallState> state, std::string method, Message message)
        : Chain(std::move(state)),
          seam_(seam),
          task_(seam.serve(*this, std::move(method), std::move(message))) {}

    void start() { task_.start(*this); }

    Json reply;

   private:
    void finished() override { seam_.close(call()->id()); }

    Seam& seam_;
    Task<void> task_;
  };

  Task<void> serve(OpenCall& call, std::string method, Message message) {
    std::optional<Error> failure;
    try {
      if (method == "pb.lifecycle/1:stop") cancel_all_but(call.call()->id());
      if (method == "pb.lifecycle/1:configure") {
        co_await configure(std::move(message));
        call.reply = Json::object();
      } else {
        call.reply = co_await verbs::serve(*plugin_, method, std::move(message));
      }
    } catch (Error& error) {
      failure = std::move(error);
    } catch (const std::exception& error) {
      failure.emplace(PB_INTERNAL, std::string("The plugin failed: ") + error.what());
    } catch (...) {
      failure.emplace(PB_INTERNAL, "The plugin threw something that is no std::exception");
    }
    answer(call.call()->id(), failure ? &*failure : nullptr, call.reply);
  }

  // The new settings become the instance's own only when the plugin took them.
  Task<void> configure(Message message) {
    Configuration next(std::move(message.json));
    Configuration given = next;
    co_await plugin_->configure(std::move(given));
    plugin_->configuration_ = std::move(next);
  }

  void answer(std::uint64_t id, const Error* failure, const Json& reply) noexcept {
    try {
      const Packed packed(failure ? failure->to_json() : reply, {});
      pb_result result = {};
      result.struct_size = sizeof result;
      result.msg = packed.message();
      if (failure) {
        result.code = failure->code == PB_OK ? PB_INTERNAL : failure->code;
        result.retry_after_ms = failure->retry_after_ms;
        result.text = view(failure->text);
      }
      host_.core.finish(host_.core.ctx, id, &result);
    } catch (const std::exception& error) {
      refuse(id, PB_INTERNAL, error.what());
    }
  }

  void refuse(std::uint64_t id, pb_code code, std::string_view why) noexcept {
    pb_result result = {};
    result.struct_size = sizeof result;
    result.code = code;
    result.text = view(why);
    host_.core.finish(host_.core.ctx, id, &result);
  }

  void open(const pb_call& lent) {
    if (!attached_) host_.attach();
    attached_ = true;
    auto state = std::make_shared<CallState>(host_, lent.id, std::string(text(lent.trace)), lent.timeout_ms);
    if (host_.core.is_cancelled && host_.core.is_cancelled(host_.core.ctx, lent.id)) state->cancel();
    auto call =
        std::make_unique<OpenCall>(*this, state, std::string(text(lent.method)), Message::copy(lent.msg));
    OpenCall& opened = *call;
    {
      const std::lock_guard lock(mutex_);
      states_[lent.id] = std::move(state);
    }
    open_[lent.id] = std::move(call);
    opened.start();
  }

  // What still runs when the instance stops would otherwise wait for ever.
  void cancel_all_but(std::uint64_t stopping) {
    std::vector<std::shared_ptr<CallState>> states;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [id, state] : states_)
        if (id != stopping) states.push_back(state);
    }
    for (const auto& state : states) state->cancel();
  }

  void close(std::uint64_t id) {
    {
      const std::lock_guard lock(mutex_);
      states_.erase(id);
    }
    open_.erase(id);
  }

  // --- the C entries
  static void deliver(void* self, const pb_call* lent) noexcept {
    auto* seam = static_cast<Seam*>(self);
    const pb_call call = patchbay::adopt(lent);
    try {
      seam->open(call);
    } catch (const Error& error) {
      seam->refuse(call.id, error.code, error.text);
    } catch (const std::exception& error) {
      seam->refuse(call.id, PB_INTERNAL, error.what());
    }
  }

  static void cancelled(void* self, std::uint64_t id) noexcept {
    auto* seam = static_cast<Seam*>(self);
    std::shared_ptr<CallState> state;
    {
      const std::lock_guard lock(seam->mutex_);
      if (const auto found = seam->states_.find(id); found != seam->states_.end()) state = found->second;
    }
    if (state) state->cancel();
  }

  static void destroy(void* self) noexcept { delete static_cast<Seam*>(self); }

  HostTable host_;
  Host services_;
  pb_plugin table_ = {};
  bool attached_ = false;
  std::unique_ptr<Plugin> plugin_;
  std::mutex mutex_;  // guards states_, which cancelled() reads from any thread
  std::unordered_map<std::uint64_t, std::shared_ptr<CallState>> states_;
  std::unordered_map<std::uint64_t, std::unique_ptr<OpenCall>> open_;
};

// The library's entry for a plugin type that has `static About describe()`. Immortal; null only when out of
// memory.
template <class Type>
const pb_entry* entry() noexcept {
  class Immortal {
   public:
    Immortal() {
      const About about = Type::describe();
      const std::string sdk = std::to_string(PB_ABI_MAJOR) + "." + std::to_string(PB_ABI_MINOR);
      descriptor_ = Json{{"id", about.id}, {"version", about.version}, {"sdk", sdk}}.dump();
      table.struct_size = sizeof table;
      table.abi_major = PB_ABI_MAJOR;
      table.abi_minor = PB_ABI_MINOR;
      table.built_with = "patchbay C++ layer, " PB_COMPILER;
      table.descriptor = view(descriptor_);
      table.create = &Seam::create<Type>;
    }
    pb_entry table = {};

   private:
    std::string descriptor_;
  };
  try {
    static const Immortal* const kImmortal = new Immortal();  // leaked: it lives as long as the process
    return &kImmortal->table;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace patchbay

// The one exported symbol. Once per library, outside of any namespace.
#define PATCHBAY_PLUGIN(Type)                                     \
  extern "C" PB_EXPORT const pb_entry* patchbay_plugin_v0(void) { \
    return ::patchbay::entry<Type>();                             \
  }
