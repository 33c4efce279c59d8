// Does what no plugin may, on demand, straight on the C contract. What a call does is named by "misbehave" in
// its JSON, else by the same field of a webhook's body, else by the setting {"misbehave": {"<method>":
// "<name>"}}. README.md lists the names. Whatever is not named is answered like a good plugin would.
#include <patchbay/message.hpp>

#include <unistd.h>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace {

using patchbay::Json;
using patchbay::text;
using patchbay::view;

class Misbehave {
 public:
  explicit Misbehave(const pb_host* host) : host_(host) {
    table_.struct_size = sizeof table_;
    table_.self = this;
    table_.deliver = [](void* self, const pb_call* call) { static_cast<Misbehave*>(self)->deliver(*call); };
    table_.cancelled = [](void* self, std::uint64_t id) { static_cast<Misbehave*>(self)->cancelled(id); };
    table_.destroy = [](void* self) { delete static_cast<Misbehave*>(self); };
  }

  pb_plugin* table() { return &table_; }

 private:
  struct Call {
    std::uint64_t id;
    std::string method;
    std::string trace;
    std::int64_t timeout_ms;
    patchbay::Message message;
    std::string name;
  };
  using Act = void (Misbehave::*)(const Call&);

  void deliver(const pb_call& lent) {
    const bool overlaps = busy_.exchange(true);
    if (overlaps) ++overlaps_;
    auto call = std::make_unique<Call>(Call{lent.id,
                                            std::string(text(lent.method)),
                                            std::string(text(lent.trace)),
                                            lent.timeout_ms,
                                            patchbay::Message::copy(lent.msg),
                                            {}});
    call->name = chosen(*call);
    if (call->method == "pb.lifecycle/1:configure")
      settings_ = call->message.json.value("settings", Json::object());
    if (call->method == "pb.lifecycle/1:stop") join();
    const auto act = acts().find(call->name);
    if (act == acts().end()) {
      behave(*call);
    } else {
      (this->*act->second)(*call);
    }
    busy_ = false;
  }

  // Where it is said what to do: in the call itself, or in the body of a webhook.
  static Json given(const Call& call) {
    const Json& in = call.message.json;
    if (in.is_object() && in.contains("misbehave")) return in;
    Json body;
    if (!call.message.blobs.empty()) body = Json::parse(call.message.blobs.front(), nullptr, false);
    return body.is_object() && body.contains("misbehave") ? body : in.is_object() ? in : Json::object();
  }
  std::string chosen(const Call& call) const {
    const Json by_method = settings_.value("misbehave", Json::object());
    return given(call).value("misbehave", by_method.value(call.method, ""));
  }

  static const std::map<std::string, Act>& acts() {
    static const auto* const kActs = new std::map<std::string, Act>{
        {"crash", &Misbehave::crash},
        {"abort", &Misbehave::abort},
        {"exit", &Misbehave::exit},
        {"hang", &Misbehave::hang},
        {"spin", &Misbehave::spin},
        {"burn", &Misbehave::burn},
        {"sleep", &Misbehave::sleep},
        {"throw", &Misbehave::throw_out},
        {"silent", &Misbehave::silent},
        {"twice", &Misbehave::twice},
        {"unknown_id", &Misbehave::unknown_id},
        {"until_cancelled", &Misbehave::silent},
        {"after_cancel", &Misbehave::silent},
        {"from_thread", &Misbehave::from_thread},
        {"later", &Misbehave::later},
        {"ask", &Misbehave::ask},
        {"leak_reply", &Misbehave::leak_reply},
        {"cancel_ask", &Misbehave::cancel_ask},
        {"flood", &Misbehave::flood},
        {"short_result", &Misbehave::short_result},
        {"long_result", &Misbehave::long_result},
        {"zero_result", &Misbehave::zero_result},
        {"null_result", &Misbehave::null_result},
        {"null_view", &Misbehave::null_view},
        {"not_json", &Misbehave::not_json},
        {"wrong_shape", &Misbehave::wrong_shape},
        {"huge", &Misbehave::huge},
        {"deep", &Misbehave::deep},
        {"bad_code", &Misbehave::bad_code},
        {"bad_utf8", &Misbehave::bad_utf8},
        {"logs", &Misbehave::logs},
        {"metrics", &Misbehave::metrics},
        {"stderr", &Misbehave::to_stderr},
        {"endless_stderr", &Misbehave::endless_stderr},
        {"wire", &Misbehave::wire},
        {"close_wire", &Misbehave::close_wire},
        {"memory", &Misbehave::memory},
        {"describe", &Misbehave::describe},
        {"blobs", &Misbehave::blobs},
    };
    return *kActs;
  }

  // --- ways to answer
  void finish(std::uint64_t id, pb_code code, std::string_view why, const Json& body,
              const std::vector<std::string>& blobs = {}) {
    const patchbay::Packed packed(body, blobs);
    pb_result result = {};
    result.struct_size = sizeof result;
    result.code = code;
    result.text = view(why);
    result.msg = packed.message();
    host_->finish(host_->ctx, id, &result);
  }
  void ok(const Call& call, const Json& body = Json::object()) { finish(call.id, PB_OK, "", body); }
  void raw(const Call& call, std::string_view bytes) {
    pb_message message = {sizeof message, PB_JSON, view(bytes), nullptr, 0};
    pb_result result = {sizeof result, PB_OK, 0, 0, {nullptr, 0}, &message};
    host_->finish(host_->ctx, call.id, &result);
  }

  void behave(const Call& call) {
    if (call.method == "pb.lifecycle/1:check")
      return ok(call, {{"identity", settings_.value("identity", "misbehave:1")},
                       {"title", "Misbehave"},
                       {"diagnostics", Json::array()}});
    if (call.method == "pb.lifecycle/1:health") return ok(call, {{"status", "ok"}});
    if (call.method == "pb.channel/1:send")
      return ok(call, {{"provider_ids", {"m-" + std::to_string(call.id)}}});
    if (call.method == "pb.webhook/1:process") return ok(call, {{"events", Json::array()}});
    if (call.method == "pb.listen/1:run") return silent(call);
    if (call.method.rfind("pb.lifecycle/1:", 0) == 0) return ok(call);
    finish(call.id, PB_UNSUPPORTED, "Misbehave does not know " + call.method, Json());
  }

  // --- deaths
  void crash(const Call&) {
    std::signal(SIGSEGV, SIG_DFL);
    std::raise(SIGSEGV);
  }
  void abort(const Call&) {
    std::signal(SIGABRT, SIG_DFL);
    std::abort();
  }
  void exit(const Call& call) { ::_exit(given(call).value("code", 7)); }
  void hang(const Call&) {
    for (;;) ::pause();
  }
  void spin(const Call&) {
    for (;;) busy_ = true;
  }
  void burn(const Call& call) {  // answered, and not over
    std::thread([] {
      for (volatile unsigned turn = 0;;) turn = turn + 1;
    }).detach();
    ok(call);
  }
  void sleep(const Call& call) {
    std::this_thread::sleep_for(std::chrono::milliseconds(given(call).value("ms", 3000)));
    ok(call);
  }
  void throw_out(const Call&) { throw std::runtime_error("thrown across the seam"); }
  void memory(const Call& call) {
    const std::size_t size = given(call).value("bytes", std::size_t{64} << 20);
    auto* const block = static_cast<volatile char*>(std::malloc(size));
    for (std::size_t at = 0; block && at < size; at += 4096) block[at] = 1;
    ok(call, {{"got", block != nullptr}});
  }

  // --- wrong numbers of answers
  void silent(const Call& call) {
    const std::lock_guard lock(mutex_);
    waiting_[call.id] = call.name == "after_cancel" ? PB_OK
                        : call.name == "silent"     ? PB_INTERNAL
                                                    : PB_CANCELLED;
  }
  // [any-thread] "silent" keeps quiet even now; the others answer from right here.
  void cancelled(std::uint64_t id) {
    pb_code code = PB_INTERNAL;
    {
      const std::lock_guard lock(mutex_);
      const auto found = waiting_.find(id);
      if (found == waiting_.end() || found->second == PB_INTERNAL) return;
      code = found->second;
      waiting_.erase(found);
    }
    finish(id, code, code == PB_OK ? "" : "Cancelled", Json{{"after_cancel", true}});
  }
  void twice(const Call& call) {
    ok(call, {{"answer", 1}});
    finish(call.id, PB_INTERNAL, "the second answer", Json{{"answer", 2}});
  }
  void unknown_id(const Call& call) {
    finish(call.id + 1'000'000, PB_OK, "", Json{{"answer", "to nobody"}});
    finish(0, PB_OK, "", Json());
    ok(call);
  }
  void from_thread(const Call& call) {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, id = call.id] { finish(id, PB_OK, "", Json{{"from", "thread"}}); });
  }
  void later(const Call& call) {
    const auto* clock = static_cast<const pb_clock*>(host_->get_extension(host_->ctx, PB_EXT_CLOCK));
    auto* waits = new Pending{this, call.id, clock, clock->monotonic_ns(host_->ctx), {}};
    const auto rang = [](void* user) {
      const std::unique_ptr<Pending> self(static_cast<Pending*>(user));
      const std::int64_t now = self->clock->monotonic_ns(self->plugin->host_->ctx);
      self->plugin->finish(self->id, PB_OK, "", Json{{"elapsed_ms", (now - self->since_ns) / 1'000'000}});
    };
    if (clock->after(host_->ctx, given(call).value("delay_ms", 50), rang, waits)) return;
    delete waits;
    finish(call.id, PB_CANCELLED, "The clock stops", Json());
  }

  // --- asking the host: "ask": {"method", "body"}
  struct Pending {
    Misbehave* plugin;
    std::uint64_t id;
    const pb_clock* clock;
    std::int64_t since_ns;
    std::string webhook;  // its id, when that made the call
  };
  pb_code request(const Call& call, pb_reply_fn reply, void* user, std::uint64_t* id) {
    const Json ask = given(call).value("ask", Json::object());
    const std::string method = ask.value("method", "pb.state/1:get");
    const patchbay::Packed packed(ask.value("body", Json{{"key", "k"}}), call.message.blobs);
    pb_call out = {};
    out.struct_size = sizeof out;
    out.method = view(method);
    out.trace = view(call.trace);
    out.msg = packed.message();
    return host_->call(host_->ctx, &out, reply, user, id);
  }
  static void pass_on(void* user, const pb_result* lent) {
    const std::unique_ptr<Pending> self(static_cast<Pending*>(user));
    const pb_result result = patchbay::adopt(lent);
    const patchbay::Message reply = patchbay::Message::copy(result.msg);
    const Json said = {{"code", result.code}, {"text", text(result.text)}, {"reply", reply.json}};
    if (!self->webhook.empty())
      return self->plugin->finish(self->id, PB_OK, "", as_event(self->webhook, said.dump()));
    self->plugin->finish(self->id, PB_OK, "", said, reply.blobs);
  }
  // What the host answered, as a message that a test can read.
  static Json as_event(const std::string& id, const std::string& words) {
    const Json data = {{"conversation", {{"id", "asked"}, {"kind", "private"}, {"title", "Asked"}}},
                       {"author", {{"id", "host"}, {"name", "Host"}}},
                       {"message", {{"id", id}, {"text", words.substr(0, 4000)}}},
                       {"at", "2026-01-01T00:00:00Z"}};
    const Json event = {
        {"type", "message.received"}, {"dedupe_key", id}, {"order_key", "asked"}, {"data", data}};
    return {{"events", Json::array({event})}};
  }
  void ask(const Call& call) {
    auto* pending = new Pending{this, call.id, nullptr, 0, {}};
    if (call.method == "pb.webhook/1:process") pending->webhook = given(call).value("id", "");
    std::uint64_t id = 0;
    const pb_code code = request(call, &Misbehave::pass_on, pending, &id);
    if (code != PB_OK) {
      const std::unique_ptr<Pending> unused(pending);
      const Json said = {{"refused", code}};
      return ok(call, pending->webhook.empty() ? said : as_event(pending->webhook, said.dump()));
    }
    if (call.name == "cancel_ask") host_->cancel(host_->ctx, id);
  }
  void cancel_ask(const Call& call) { ask(call); }
  static void ignore(void*, const pb_result*) {}
  void leak_reply(const Call& call) {
    const pb_code code = request(call, &Misbehave::ignore, nullptr, nullptr);
    ok(call, {{"code", code}});
  }
  void flood(const Call& call) {
    int taken = 0;
    int refused = 0;
    for (int i = given(call).value("count", 1000); i > 0; --i)
      ++(request(call, &Misbehave::ignore, nullptr, nullptr) == PB_OK ? taken : refused);
    ok(call, {{"taken", taken}, {"refused", refused}});
  }

  // --- broken structs and documents
  void short_result(const Call& call) {
    pb_result result = {};
    std::memset(&result, 0xff, sizeof result);  // beyond its size nothing may be read
    result.struct_size = 8;
    result.code = PB_CONFLICT;
    host_->finish(host_->ctx, call.id, &result);
  }
  void long_result(const Call& call) {
    struct {
      pb_result known;
      char unknown[64];
    } result = {};
    std::memset(&result, 0xff, sizeof result);
    result.known = {sizeof result, PB_OK, 0, 0, {nullptr, 0}, nullptr};
    host_->finish(host_->ctx, call.id, &result.known);
  }
  void zero_result(const Call& call) {
    pb_result result = {};
    host_->finish(host_->ctx, call.id, &result);
  }
  void null_result(const Call& call) { host_->finish(host_->ctx, call.id, nullptr); }
  void null_view(const Call& call) {
    pb_message message = {sizeof message, PB_JSON, {nullptr, 4096}, nullptr, 3};
    pb_result result = {sizeof result, PB_OK, 0, 0, {nullptr, 4096}, &message};
    host_->finish(host_->ctx, call.id, &result);
  }
  void not_json(const Call& call) { raw(call, "{\"provider_ids\": ["); }
  void wrong_shape(const Call& call) {
    raw(call, "{\"provider_ids\": \"none\", \"events\": 5, \"identity\": []}");
  }
  void huge(const Call& call) {
    raw(call, '"' + std::string(given(call).value("bytes", std::size_t{20} << 20), 'x') + '"');
  }
  void deep(const Call& call) {
    const auto levels = given(call).value("levels", std::size_t{100'000});
    raw(call, std::string(levels, '[') + std::string(levels, ']'));
  }
  void bad_code(const Call& call) { finish(call.id, 4711, "A code of the future", Json()); }
  void bad_utf8(const Call& call) {
    raw(call, std::string_view("{\"provider_ids\": [\"\xff\xfe\x80\"], \"sent_at\": \"\xc3\\u0000\"}"));
  }

  // --- noise
  void logs(const Call& call) {
    const std::string line(given(call).value("bytes", std::size_t{100}), 'l');
    for (int i = given(call).value("count", 1000); i > 0; --i)
      host_->log(host_->ctx, PB_INFO, view(line), view("not json"));
    ok(call);
  }
  void metrics(const Call& call) {
    const auto* out = static_cast<const pb_metrics*>(host_->get_extension(host_->ctx, PB_EXT_METRICS));
    const auto gauge = out->define(host_->ctx, PB_GAUGE, view("level"), view("A level"), view(""));
    for (const double value : {std::nan(""), HUGE_VAL, -HUGE_VAL, 5.0})
      out->record(host_->ctx, gauge, value, view(""));
    ok(call);
  }
  void to_stderr(const Call& call) {
    const std::string line = "misbehave says hello\n";
    ok(call, {{"written", ::write(2, line.data(), line.size())}});
  }
  // From a child that outlives us; it ends when nobody reads any more.
  void endless_stderr(const Call&) {
    const std::string lines(4096, '\n');
    if (::fork() != 0) ::_exit(0);
    while (::write(2, lines.data(), lines.size()) > 0) continue;
    ::_exit(0);
  }
  // Descriptor 3 is the worker's line to the host.
  void wire(const Call& call) {
    const std::string bytes = given(call).value("bytes", std::string(64, '!'));
    ok(call, {{"written", ::write(3, bytes.data(), bytes.size())}});
  }
  void close_wire(const Call&) { ::close(3); }

  // --- reports
  void describe(const Call& call) {
    Json sizes = Json::array();
    for (const std::string& blob : call.message.blobs) sizes.push_back(blob.size());
    ok(call, {{"method", call.method},
              {"trace", call.trace},
              {"timeout_ms", call.timeout_ms},
              {"blobs", sizes},
              {"overlaps", overlaps_.load()},
              {"pid", ::getpid()},
              {"host_size", host_->struct_size}});
  }
  void blobs(const Call& call) { finish(call.id, PB_OK, "", Json::object(), call.message.blobs); }

  void join() {
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock(mutex_);
      threads.swap(threads_);
    }
    for (std::thread& each : threads) each.join();
  }

  const pb_host* host_;
  pb_plugin table_ = {};
  Json settings_ = Json::object();
  std::atomic<bool> busy_ = false;
  std::atomic<int> overlaps_ = 0;
  std::mutex mutex_;
  std::map<std::uint64_t, pb_code> waiting_;
  std::vector<std::thread> threads_;
};

pb_plugin* create(const pb_host* host, const char*) {
  return (new Misbehave(host))->table();
}

constexpr char kAbout[] = "{\"id\":\"misbehave\",\"version\":\"0.1.0\",\"sdk\":\"0.0\"}";
constexpr pb_entry kEntry = {
    sizeof kEntry, PB_ABI_MAJOR, PB_ABI_MINOR, 0, "C++, no layer", {kAbout, sizeof kAbout - 1}, create};

}  // namespace

extern "C" PB_EXPORT const pb_entry* patchbay_plugin_v0(void) {
  return &kEntry;
}
