#include "web/api/figures.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "web/api/shown.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
namespace figures = domain::figures;
using nlohmann::json;

namespace {

constexpr Duration kUsual = std::chrono::hours(24);

#define PB_SECONDS R"({"type": ["number", "null"], "description": "Seconds, of those that were counted"})"
#define PB_COUNTS                                                                                            \
  R"("created": {"type": "integer"}, "accepted": {"type": "integer"},)"                                      \
  R"("missed": {"type": "integer", "description": "Offers that their operator let pass"},)"                  \
  R"("answered": {"type": "integer", "description": "Chats in which a person answered first"},)"             \
  R"("finished": {"type": "integer"}, "timed_out": {"type": "integer", "description": "Of finished ones"},)" \
  R"("to_accept_s": )" PB_SECONDS R"(, "to_answer_s": )" PB_SECONDS
#define PB_SPREAD                                                                            \
  R"({"type": "object", "properties": {"count": {"type": "integer"}, "mean_s": )" PB_SECONDS \
  R"(, "median_s": )" PB_SECONDS R"(, "p90_s": )" PB_SECONDS "}}"
constexpr const char* kFigures =
    R"({"type": "object", "required": ["from", "to", "step", "now", "total", "pieces", "operators"], "properties": {
    "from": {"type": "string", "format": "date-time"}, "to": {"type": "string", "format": "date-time"},
    "step": {"type": "integer", "description": "Minutes"},
    "now": {"type": "array", "description": "Open chats by queue, now", "items": {"type": "object", "properties": {
      "queue": {"type": ["string", "null"]}, "name": {"type": "string"}, "held": {"type": "integer"}, "with_bot": {"type": "integer"},
      "waiting": {"type": "integer"}, "assigned": {"type": "integer"}, "in_progress": {"type": "integer"},
      "waiting_since": {"type": ["string", "null"], "format": "date-time", "description": "Of the one that waits longest"}}}},
    "total": {"type": "object", "properties": {)" PB_COUNTS R"(}},
    "to_accept": )" PB_SPREAD R"(, "to_answer": )" PB_SPREAD R"(,
    "pieces": {"type": "array", "items": {"type": "object", "properties": {"at": {"type": "string", "format": "date-time"}, )" PB_COUNTS
    R"(}}},
    "operators": {"type": "array", "description": "Who did anything, or has chats", "items": {"type": "object", "properties": {
      "operator": {"type": "string"}, "name": {"type": "string"}, "in_progress": {"type": "integer", "description": "Now"}, )" PB_COUNTS
    "}}}}}";

json mean_of(const figures::Waits& waits) {
  return waits.count == 0
             ? json()
             : json(static_cast<double>(waits.total_ms) / static_cast<double>(waits.count) / 1000);
}

json shown(const figures::Counts& counts) {
  return {{"created", counts.created},
          {"accepted", counts.accepted.count},
          {"missed", counts.missed},
          {"answered", counts.answered.count},
          {"finished", counts.finished},
          {"timed_out", counts.timed_out},
          {"to_accept_s", mean_of(counts.accepted)},
          {"to_answer_s", mean_of(counts.answered)}};
}

json shown(const figures::Spread& spread) {
  const auto seconds = [&](std::int64_t ms) {
    return spread.waits.count == 0 ? json() : json(static_cast<double>(ms) / 1000);
  };
  return {{"count", spread.waits.count},
          {"mean_s", mean_of(spread.waits)},
          {"median_s", seconds(spread.median_ms)},
          {"p90_s", seconds(spread.p90_ms)}};
}

json shown(const figures::QueueNow& queue) {
  return {{"queue", or_null(queue.queue)},
          {"name", queue.name},
          {"held", queue.held},
          {"with_bot", queue.with_bot},
          {"waiting", queue.waiting},
          {"assigned", queue.assigned},
          {"in_progress", queue.in_progress},
          {"waiting_since", time_of(queue.waiting_since)}};
}

json shown(const figures::OperatorFigures& one) {
  auto out = shown(one.counts);
  out.erase("created");
  out["operator"] = to_string_id(one.id);
  out["name"] = one.name;
  out["in_progress"] = one.in_progress;
  return out;
}

json shown(const figures::Piece& piece) {
  auto out = shown(piece.counts);
  out["at"] = to_rfc3339(piece.at);
  return out;
}

template <class Item>
json shown(const std::vector<Item>& items) {
  auto all = json::array();
  for (const auto& item : items) all.push_back(shown(item));
  return all;
}

Duration step_of(const Call& call) {
  const auto text = call.query("step").value_or("60");
  int minutes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), minutes);
  if (error != std::errc() || end != text.data() + text.size())
    minutes = 0;  // refused as a step that is none
  return std::chrono::minutes(minutes);
}

}  // namespace

void FiguresApi::add_to(Router& router) {
  router.add(
      Operation::read_chat_settings, Verb::get, "/api/v1/figures/chats", bound(this, &FiguresApi::chats),
      Doc("Figures of chats")
          .about("What happened to chats from `from` on and before `to`, in pieces that begin with `from`. "
                 "Pieces of an "
                 "hour can be put together to days of any time zone.")
          .query("from", "The last 24 hours without it", R"({"type": "string", "format": "date-time"})")
          .query("to", "Now without it", R"({"type": "string", "format": "date-time"})")
          .query("step", "Minutes", R"({"type": "integer", "minimum": 1, "default": 60})")
          .query("queue", "Only of this one", R"({"type": "string"})")
          .answers(200, "The figures", kFigures)
          .errors({422}));
}

asio::awaitable<Response> FiguresApi::chats(Call call) {
  const auto to = query_time(call, "to").value_or(clock_.now());
  figures::Span span(query_time(call, "from").value_or(to - kUsual), to, step_of(call));
  span.queue = call.query_id("queue");
  auto counting = figures_.chats(span);
  const auto counted = co_await std::move(counting);
  co_return answer(200, {{"from", to_rfc3339(span.from)},
                         {"to", to_rfc3339(span.to)},
                         {"step", std::chrono::duration_cast<std::chrono::minutes>(span.step).count()},
                         {"now", shown(counted.now)},
                         {"total", shown(counted.total)},
                         {"to_accept", shown(counted.to_accept)},
                         {"to_answer", shown(counted.to_answer)},
                         {"pieces", shown(counted.pieces)},
                         {"operators", shown(counted.operators)}});
}

}  // namespace patchbay::web
