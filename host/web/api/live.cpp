#include "web/api/live.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "web/access.hpp"
#include "web/api/session.hpp"

namespace patchbay::web {

namespace asio = boost::asio;
using domain::access::Session;
using domain::journal::Entry;
using domain::journal::Line;
using nlohmann::json;

namespace {

// An event's id is its line's place and its place in the line.
constexpr std::int64_t kPerLine = 1'024;
static_assert(kPerLine > static_cast<std::int64_t>(domain::journal::kMostEntries));
constexpr std::size_t kLines = 64;    // read at once
constexpr Duration kPresent{15'000};  // how often the operator is said to be there, and his session looked at

std::string data_of(const Entry& entry, std::int64_t at) {
  auto out = domain::journal::shown(entry);
  out["at"] = to_rfc3339(TimePoint(Duration(at)));
  return out.dump();
}

bool has(const std::vector<Id>& sorted, Id id) {
  return std::binary_search(sorted.begin(), sorted.end(), id);
}

// What one person sees of the journal. What he sees is looked at anew before anything is judged that may come
// after a change of it.
class DeskReader final : public live::Reader {
 public:
  DeskReader(const LiveApi::Parts& parts, Session session)
      : parts_(parts), session_(std::move(session)), may_(granted_operations(session_.operations)) {}

  bool goes_on() const { return !ended_; }

  asio::awaitable<live::Reading> read(std::int64_t after, std::int64_t) override {
    const auto newest = parts_.feed.last();
    if (parts_.clock.monotonic() >= next_visit_) co_await visit();
    if (after == 0) co_return beginning(newest);
    const bool whole = after % kPerLine == kPerLine - 1;
    auto reads = parts_.feed.read(after / kPerLine - (whole ? 0 : 1), kLines);
    const auto found = co_await std::move(reads);
    if (found.reset) co_return beginning(found.after);
    const auto before = sight_;
    if (concern_me(found.lines, after)) co_await look();
    auto reading = judge(found.lines, after);
    if (before != sight_) reading.events.emplace_back(reading.last, "desk.changed", "{}");
    co_return reading;
  }

 private:
  // Of someone who is to learn elsewhere how things stand.
  static live::Reading beginning(std::int64_t place) {
    live::Reading reading;
    reading.reset = true;
    reading.after = id_of(place, kPerLine - 1);
    return reading;
  }
  static std::int64_t id_of(std::int64_t place, std::int64_t index) { return place * kPerLine + index; }

  bool concern_me(const std::vector<std::shared_ptr<const Line>>& lines, std::int64_t after) const {
    const auto me = session_.user.id;
    for (const auto& line : lines) {
      if (id_of(line->place, kPerLine - 1) <= after) continue;
      for (const auto& entry : line->entries) {
        if (entry.owner == me || entry.former == me) return true;
        if (entry.type.starts_with("access.") || entry.type.starts_with("queue.") ||
            entry.type.starts_with("settings."))
          return true;
      }
    }
    return false;
  }

  live::Reading judge(const std::vector<std::shared_ptr<const Line>>& lines, std::int64_t after) const {
    live::Reading reading;
    reading.last = after;
    if (ended_) return reading;
    for (const auto& line : lines) {
      std::int64_t index = 0;
      Id told = 0;  // a notification that concerns him twice is one
      for (const auto& entry : line->entries) {
        const auto id = id_of(line->place, ++index);
        if (id <= after || !sees(entry)) continue;
        if (is_notification(entry) && std::exchange(told, entry.subject) == entry.subject) continue;
        reading.events.emplace_back(id, entry.type, data_of(entry, line->at));
      }
      reading.last = id_of(line->place, kPerLine - 1);
    }
    return reading;
  }

  static bool is_notification(const Entry& entry) { return entry.type.starts_with("notification."); }

  bool sees(const Entry& entry) const {
    if (is_notification(entry)) return has(holders_, entry.audience);
    const auto me = session_.user.id;
    const auto is = [&](std::string_view what) { return entry.type.starts_with(what); };
    if (entry.owner == me || entry.former == me) return true;
    if (is("message.")) return may_.has(Operation::read_chats) || has(sight_.own, entry.chat);
    if (is("chat."))
      return may_.has(Operation::read_chats) || has(sight_.queues, entry.queue) ||
             has(sight_.queues, entry.former_queue);
    if (is("operator.") || is("queue.") || is("channel.")) return may_.has(Operation::read_chat_settings);
    if (is("settings.")) return may_.has(Operation::read_settings);
    if (is("access.")) return may_.has(Operation::read_access) || entry.subject == me;
    return false;
  }

  asio::awaitable<void> look() {
    auto looking = parts_.sessions.look_again(session_);
    auto fresh = co_await std::move(looking);
    ended_ = !fresh.has_value();
    if (ended_) co_return;
    session_ = std::move(*fresh);
    may_ = granted_operations(session_.operations);
    auto seeing = parts_.routing.sight(session_.user.id);
    sight_ = co_await std::move(seeing);
    auto asking = parts_.notifications.holders_of(session_.user.id);
    holders_ = co_await std::move(asking);
  }
  asio::awaitable<void> visit() {
    next_visit_ = parts_.clock.monotonic() + kPresent;
    co_await look();
    if (!ended_) co_await parts_.routing.be_present(session_.user.id);
  }

  const LiveApi::Parts parts_;
  Session session_;
  Operations may_;
  domain::routing::Sight sight_;
  std::vector<Id> holders_;  // himself and his roles
  std::atomic<bool> ended_ = false;
  std::chrono::nanoseconds next_visit_{};
};

}  // namespace

void LiveApi::add_to(Router& router) {
  router.add(
      Operation::own_session, Verb::get, "/api/v1/desk/events", bound(this, &LiveApi::open),
      Doc("Follow what happens")
          .about("Server-sent events of what the user may see: chat.created, chat.changed, chat.finished, "
                 "message.received, message.sent, message.changed, message.state, operator.changed, "
                 "queue.changed, channel.changed, settings.changed, access.changed, notification.created; "
                 "desk.changed: other chats "
                 "are offered now. The first event, and one after a gap that is not kept any more, is reset: "
                 "read how things stand, then follow. While the stream is open its operator is present.")
          .header("Last-Event-ID", "Go on after this event")
          .answers(200, "The events", {}, "text/event-stream")
          .errors({404, 429, 503}));
}

asio::awaitable<Response> LiveApi::open(Call call) {
  const auto& session = session_of(call);
  auto reader = std::make_shared<DeskReader>(parts_, session);
  EventStreams::Wish wish(live::Feed::topic(), last_event_id(call.request), session.expires_at,
                          [reader] { return reader->goes_on(); });
  wish.reader = reader;
  wish.counted_as = live::Topic(0, "user:" + to_string_id(session.user.id));
  co_return parts_.streams.open(std::move(wish));
}

}  // namespace patchbay::web
