// The functions of the C contract that a plugin calls. Each finds its seat, or nobody when the instance is
// gone.
#include <cstring>

#include "port/impl/seat.hpp"

namespace patchbay::port {
namespace {

std::shared_ptr<Seat> seat_of(void* ctx) noexcept {
  return ctx == nullptr ? nullptr : static_cast<Seat::Cell*>(ctx)->seat.lock();
}

pb_code call(void* ctx, const pb_call* request, pb_reply_fn reply, void* user,
             std::uint64_t* out_id) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->take_call(request, reply, user, out_id) : static_cast<pb_code>(PB_CANCELLED);
}

void cancel(void* ctx, std::uint64_t id) noexcept {
  if (const auto seat = seat_of(ctx)) seat->take_cancel(id);
}

void finish(void* ctx, std::uint64_t id, const pb_result* result) noexcept {
  if (const auto seat = seat_of(ctx)) seat->take_answer(id, result);
}

std::int32_t is_cancelled(void* ctx, std::uint64_t id) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->is_cancelled(id) : 1;
}

pb_code post(void* ctx, void (*fn)(void*), void* user) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->take_post(fn, user) : static_cast<pb_code>(PB_CANCELLED);
}

void log(void* ctx, std::int32_t level, pb_view text, pb_view fields) noexcept {
  if (const auto seat = seat_of(ctx)) seat->take_log(level, text, fields);
}

std::int64_t now_unix_ms(void* ctx) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->clock().now().time_since_epoch().count() : 0;
}

std::int64_t monotonic_ns(void* ctx) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->clock().monotonic().count() : 0;
}

std::uint64_t after(void* ctx, std::int64_t delay_ms, void (*fn)(void*), void* user) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->start_timer(delay_ms, fn, user) : 0;
}

void hurry(void* ctx, std::uint64_t id) noexcept {
  if (const auto seat = seat_of(ctx)) seat->hurry_timer(id);
}

std::uint64_t define(void* ctx, std::int32_t kind, pb_view name, pb_view help, pb_view labels) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->define_metric(kind, name, help, labels) : 0;
}

void record(void* ctx, std::uint64_t handle, double value, pb_view labels) noexcept {
  if (const auto seat = seat_of(ctx)) seat->record_metric(handle, value, labels);
}

pb_code connect(void* ctx, const pb_net_target* target, pb_reply_fn reply, void* user,
                std::uint64_t* out_stream) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->open_stream(target, reply, user, out_stream) : static_cast<pb_code>(PB_CANCELLED);
}

pb_code start_tls(void* ctx, std::uint64_t stream, std::int64_t timeout_ms, pb_reply_fn reply,
                  void* user) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->secure_stream(stream, timeout_ms, reply, user) : static_cast<pb_code>(PB_CANCELLED);
}

pb_code read(void* ctx, std::uint64_t stream, std::uint64_t most, std::int64_t timeout_ms, pb_reply_fn reply,
             void* user) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->read_stream(stream, most, timeout_ms, reply, user) : static_cast<pb_code>(PB_CANCELLED);
}

pb_code write(void* ctx, std::uint64_t stream, pb_view bytes, std::int64_t timeout_ms, pb_reply_fn reply,
              void* user) noexcept {
  const auto seat = seat_of(ctx);
  return seat ? seat->write_stream(stream, bytes, timeout_ms, reply, user)
              : static_cast<pb_code>(PB_CANCELLED);
}

void cancel_stream(void* ctx, std::uint64_t stream) noexcept {
  if (const auto seat = seat_of(ctx)) seat->cancel_stream(stream);
}

void close(void* ctx, std::uint64_t stream) noexcept {
  if (const auto seat = seat_of(ctx)) seat->close_stream(stream);
}

constexpr pb_clock kClock{sizeof(pb_clock), 0, now_unix_ms, monotonic_ns, after, hurry};
constexpr pb_metrics kMetrics{sizeof(pb_metrics), 0, define, record};
constexpr pb_net kNet{sizeof(pb_net), 0, connect, start_tls, read, write, cancel_stream, close};

const void* get_extension(void*, const char* id) noexcept {
  if (id == nullptr) return nullptr;
  if (std::strcmp(id, PB_EXT_CLOCK) == 0) return &kClock;
  if (std::strcmp(id, PB_EXT_METRICS) == 0) return &kMetrics;
  if (std::strcmp(id, PB_EXT_NET) == 0) return &kNet;
  return nullptr;
}

}  // namespace

void fill_host_table(Seat::Cell& cell) {
  cell.table.struct_size = sizeof cell.table;
  cell.table.abi_minor = PB_ABI_MINOR;
  cell.table.ctx = &cell;
  cell.table.get_extension = get_extension;
  cell.table.call = call;
  cell.table.cancel = cancel;
  cell.table.finish = finish;
  cell.table.is_cancelled = is_cancelled;
  cell.table.post = post;
  cell.table.log = log;
}

}  // namespace patchbay::port
