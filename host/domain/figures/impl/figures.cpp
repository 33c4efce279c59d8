#include "domain/figures/figures.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"

namespace patchbay::domain::figures {

namespace asio = boost::asio;

namespace {

std::int64_t ms_of(TimePoint time) {
  return time.time_since_epoch().count();
}

void check(const Span& span) {
  const auto refuse = [](const char* at, const char* text) {
    Error error(Code::invalid, Text("domain.refused"));
    throw error.add(Diagnostic(at, Text(text)));
  };
  if (span.to <= span.from) refuse("/to", "domain.figures.order");
  if (span.to - span.from > Figures::kLongest) refuse("/from", "domain.figures.too_long");
  if (span.step < std::chrono::minutes(1) || span.step % std::chrono::minutes(1) != Duration(0))
    refuse("/step", "domain.figures.step");
  if ((span.to - span.from) / span.step >= Figures::kMostPieces) refuse("/step", "domain.figures.too_many");
}

// What a row of history counts as.
void add(Counts& counts, const std::string& reason, Waits waits) {
  const auto add_to = [&](Waits& all) {
    all.count += waits.count;
    all.total_ms += waits.total_ms;
  };
  if (reason == "opened") counts.created += waits.count;
  if (reason == "missed") counts.missed += waits.count;
  if (reason == "timed_out") counts.timed_out += waits.count;
  if (reason == "finished" || reason == "timed_out") counts.finished += waits.count;
  if (reason == "accepted") add_to(counts.accepted);
  if (reason == "answered") add_to(counts.answered);
}

void add(Counts& all, const Counts& more) {
  all.created += more.created;
  all.missed += more.missed;
  all.finished += more.finished;
  all.timed_out += more.timed_out;
  add(all, "accepted", more.accepted);
  add(all, "answered", more.answered);
}

// Reads one span, through the indexes on the time. Values are bound in the order in which they are named
// first.
class Reader {
 public:
  Reader(store::Session& session, const Span& span) : session_(session), span_(span) {}

  std::vector<Piece> pieces() {
    std::vector<Piece> all;
    for (auto at = span_.from; at < span_.to; at += span_.step) all.push_back({at, {}});
    for_each("cast((at - cast(:from as bigint)) / cast(:step as bigint) as bigint)", span_.step,
             [&](const store::Row& row) { return &all.at(static_cast<std::size_t>(row.integer(0))).counts; });
    return all;
  }

  // Whoever accepted has it afterwards; whoever missed or finished had it before.
  std::map<Id, Counts> operators() {
    std::map<Id, Counts> all;
    for_each(
        "coalesce(case when reason = 'accepted' or reason = 'answered' then operator else former end, 0)", {},
        [&](const store::Row& row) { return row.integer(0) == 0 ? nullptr : &all[row.integer(0)]; });
    return all;
  }

  Spread spread(std::string_view reason, Waits waits) {
    Spread out;
    out.waits = waits;
    if (waits.count == 0) return out;
    const auto at = [&](std::int64_t tenths) {
      auto values = bounds();
      values.emplace_back(std::string(reason));
      values.emplace_back((waits.count * tenths + 9) / 10 - 1);
      const auto row =
          session_.query_one("select waited_ms from (" + rows() +
                                 ") as rows where reason = :reason order by 1 limit 1 offset :place",
                             std::move(values));
      return row ? row->integer(0) : 0;
    };
    out.median_ms = at(5);
    out.p90_ms = at(9);
    return out;
  }

 private:
  static std::string rows() {
    const std::string of_span =
        " where at >= cast(:from as bigint) and at < cast(:to as bigint) and (cast(:queue as bigint) = 0 or "
        "queue = "
        "cast(:queue as bigint))";
    return "select at, reason, operator, former, waited_ms from chat_history" + of_span +
           " union all select at, 'answered', operator, null, waited_ms from chat_answers" + of_span;
  }
  store::Values bounds() const {
    store::Values values;
    values.emplace_back(ms_of(span_.from));
    values.emplace_back(ms_of(span_.to));
    values.emplace_back(span_.queue.value_or(0));
    return values;
  }

  // Counts rows by `key` and reason into what `counts_of` says of the key.
  template <class CountsOf>
  void for_each(const std::string& key, std::optional<Duration> step, CountsOf counts_of) {
    auto values = bounds();
    if (step) values.insert(values.begin() + 1, store::Value(step->count()));
    for (const auto& row :
         session_.query("select " + key +
                            ", reason, cast(count(*) as bigint), cast(coalesce(sum(waited_ms), 0) as "
                            "bigint) from (" +
                            rows() + ") as rows group by 1, 2",
                        std::move(values))) {
      if (auto* counts = counts_of(row)) add(*counts, row.text(1), {row.integer(2), row.integer(3)});
    }
  }

  store::Session& session_;
  const Span& span_;
};

std::vector<OperatorFigures> with_names(store::Session& session, std::map<Id, Counts> counts) {
  std::vector<OperatorFigures> all;
  for (const auto& row : session.query("select users.id, users.name, coalesce(operators.chats, 0) from users "
                                       "left join operators on operators.id = "
                                       "users.id order by users.name, users.id")) {
    const auto found = counts.find(row.integer(0));
    if (found == counts.end() && row.integer(2) == 0) continue;
    OperatorFigures one;
    one.id = row.integer(0);
    one.name = row.text(1);
    one.in_progress = row.integer(2);
    if (found != counts.end()) one.counts = found->second;
    all.push_back(std::move(one));
  }
  return all;
}

std::int64_t& count_of(QueueNow& queue, const std::string& state) {
  if (state == "held") return queue.held;
  if (state == "with_bot") return queue.with_bot;
  if (state == "waiting") return queue.waiting;
  return state == "assigned" ? queue.assigned : queue.in_progress;
}

}  // namespace

std::vector<QueueNow> open_chats(store::Session& session) {
  std::vector<QueueNow> all;
  for (const auto& row : session.query("select id, name from queues order by name, id")) {
    QueueNow queue;
    queue.queue = row.integer(0);
    queue.name = row.text(1);
    all.push_back(std::move(queue));
  }
  QueueNow none;
  for (const auto& row : session.query("select queue, state, cast(count(*) as bigint), min(waiting_since) "
                                       "from chats where state <> 'finished' "
                                       "group by queue, state")) {
    const auto id = row.maybe_integer(0);
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const QueueNow& one) { return one.queue == id; });
    auto& queue = found == all.end() ? none : *found;
    count_of(queue, row.text(1)) += row.integer(2);
    if (row.text(1) == "waiting") queue.waiting_since = TimePoint(Duration(row.integer(3)));
  }
  if (none.held + none.with_bot + none.waiting + none.assigned + none.in_progress > 0)
    all.push_back(std::move(none));
  return all;
}

asio::awaitable<ChatFigures> Figures::chats(Span span) {
  check(span);
  auto work = [span](store::Session& session) {
    Reader reader(session, span);
    ChatFigures out;
    out.now = open_chats(session);
    out.pieces = reader.pieces();
    for (const auto& piece : out.pieces) add(out.total, piece.counts);
    out.to_accept = reader.spread("accepted", out.total.accepted);
    out.to_answer = reader.spread("answered", out.total.answered);
    out.operators = with_names(session, reader.operators());
    return out;
  };
  co_return co_await store_.read(std::move(work));
}

}  // namespace patchbay::domain::figures
