#include "web/event_streams.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>

#include "base/error.hpp"

namespace patchbay::web {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kPortion = 16;          // events read at once
constexpr std::size_t kShortestRetry = 1'000;  // milliseconds until a browser comes back
constexpr std::size_t kRetrySpread = 2'000;    // not all at once after a restart

// A line's end would end the field; JSON has none but between its tokens.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) out += c == '\n' || c == '\r' ? ' ' : c;
  out += '\n';
}

std::string text_of(const live::Reading& reading) {
  std::string out;
  if (reading.reset) {
    append_field(out, "id", std::to_string(reading.after));
    out += "event: reset\ndata: {}\n\n";
  }
  for (const auto& event : reading.events) {
    append_field(out, "id", std::to_string(event.id));
    if (!event.type.empty()) append_field(out, "event", event.type);
    append_field(out, "data", event.data);
    out += '\n';
  }
  return out;
}

std::int64_t parse_last_id(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && end == text.data() + text.size() && id >= 0 ? id : -1;
}

}  // namespace

// How many are open. Outlived by those who hold one.
class EventStreams::Places : public std::enable_shared_from_this<Places> {
 public:
  Places(metrics::Registry& metrics, const Limits& limits)
      : limits_(limits),
        open_(metrics.define(metrics::Definition(metrics::Kind::gauge, "patchbay_live_streams",
                                                 "Open streams of server-sent events"))) {}

  // One of them, until it is destroyed.
  class Place {
   public:
    Place(std::shared_ptr<Places> places, live::Topic topic)
        : places_(std::move(places)), topic_(std::move(topic)) {}
    ~Place() { places_->leave(topic_); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    const std::shared_ptr<Places> places_;
    const live::Topic topic_;
  };

  // A place; else null, and the status that says why.
  std::shared_ptr<void> take(const live::Topic& topic, int& status) {
    const std::lock_guard lock(mutex_);
    auto& of_owner = owners_[topic.owner];
    auto& of_topic = topics_[topic];
    status = of_topic >= limits_.of_topic ? 429 : 503;
    const bool owner_full = topic.owner != 0 && of_owner >= limits_.of_owner;
    const bool full = of_topic >= limits_.of_topic || owner_full || all_ >= limits_.all;
    if (!full) {
      ++of_owner;
      ++of_topic;
      ++all_;
    }
    open_.record(static_cast<double>(all_));
    forget_empty(topic);
    if (full) return nullptr;
    return std::make_shared<Place>(shared_from_this(), topic);
  }
  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  void leave(const live::Topic& topic) {
    const std::lock_guard lock(mutex_);
    --owners_[topic.owner];
    --topics_[topic];
    --all_;
    open_.record(static_cast<double>(all_));
    forget_empty(topic);
  }
  void forget_empty(const live::Topic& topic) {
    if (owners_[topic.owner] == 0) owners_.erase(topic.owner);
    if (topics_[topic] == 0) topics_.erase(topic);
  }

  const Limits limits_;
  const metrics::Metric open_;
  mutable std::mutex mutex_;
  std::map<Id, std::size_t> owners_;
  std::map<live::Topic, std::size_t> topics_;
  std::size_t all_ = 0;
};

namespace {

class EventSource final : public BodySource {
 public:
  EventSource(live::Topics& topics, Clock& clock, EventStreams::Wish wish, Duration heartbeat,
              std::shared_ptr<void> place)
      : topics_(topics),
        clock_(clock),
        wish_(std::move(wish)),
        heartbeat_(heartbeat),
        place_(std::move(place)),
        subscription_(topics.subscribe(wish_.topic)) {}

  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  bool is_endless() const override { return true; }
  void end() override {
    ended_ = true;
    subscription_->wake();
  }

  asio::awaitable<std::string> next() override {
    if (!std::exchange(started_, true)) co_return beginning();
    while (goes_on()) {
      std::string events = co_await read();
      if (!events.empty()) co_return events;
      if (!goes_on()) break;
      const auto left = std::max(Duration{1}, wish_.until - clock_.now());
      const bool woken = co_await subscription_->wait(std::min(heartbeat_, left));
      if (!woken && goes_on()) co_return heartbeat();
    }
    co_return std::string();
  }

 private:
  // At once, so that the reader and what stands in between see that the stream is open.
  std::string beginning() const {
    const auto spread = std::hash<std::string>()(wish_.topic.name) % kRetrySpread;
    return "retry: " + std::to_string(kShortestRetry + spread) + "\n\n";
  }
  // An id without data is noted and nothing else (HTML standard, 9.2.6): a reader of few events goes on from
  // here.
  std::string heartbeat() const {
    return wish_.after > 0 ? ":\nid: " + std::to_string(wish_.after) + "\n\n" : std::string(":\n\n");
  }
  bool goes_on() const { return !ended_ && clock_.now() < wish_.until && wish_.goes_on(); }

  // Of what is new; empty: nothing. While the store is away the stream ends, and the reader comes back.
  asio::awaitable<std::string> read() {
    live::Reading reading;
    try {
      auto reads = wish_.reader ? wish_.reader->read(wish_.after, kPortion)
                                : topics_.read(wish_.topic, wish_.after, kPortion);
      reading = co_await std::move(reads);
    } catch (const Error& error) {
      if (error.code() != Code::unavailable) throw;
      ended_ = true;
    }
    if (ended_) co_return std::string();
    auto text = text_of(reading);
    if (!text.empty()) wish_.after = reading.events.empty() ? reading.after : reading.events.back().id;
    wish_.after = std::max(wish_.after, reading.last);
    co_return text;
  }

  live::Topics& topics_;
  Clock& clock_;
  EventStreams::Wish wish_;
  const Duration heartbeat_;
  const std::shared_ptr<void> place_;
  const std::unique_ptr<live::Subscription> subscription_;
  bool started_ = false;
  bool ended_ = false;
};

}  // namespace

EventStreams::EventStreams(live::Topics& topics, Clock& clock, metrics::Registry& metrics, Limits limits)
    : places_(std::make_shared<Places>(metrics, limits)), topics_(topics), clock_(clock), limits_(limits) {}

EventStreams::EventStreams(live::Topics& topics, Clock& clock, metrics::Registry& metrics)
    : EventStreams(topics, clock, metrics, Limits()) {}

EventStreams::~EventStreams() = default;

Response EventStreams::open(Wish wish) {
  Response response;
  auto place = places_->take(wish.counted_as.value_or(wish.topic), response.status);
  if (!place) {
    response.headers.add("retry-after", "5");
    return response;
  }
  response.status = 200;
  response.type = "text/event-stream";
  response.headers.add("cache-control", "no-store");
  response.headers.add("x-accel-buffering", "no");
  response.source =
      std::make_shared<EventSource>(topics_, clock_, std::move(wish), limits_.heartbeat, std::move(place));
  return response;
}

std::size_t EventStreams::open_now() const {
  return places_->count();
}

std::int64_t last_event_id(const Request& request) {
  if (request.headers.has("last-event-id")) return parse_last_id(request.headers.get("last-event-id"));
  auto query = request.query();
  constexpr std::string_view kName = "after=";
  while (!query.empty()) {
    const auto field = query.substr(0, query.find('&'));
    if (field.starts_with(kName)) return parse_last_id(field.substr(kName.size()));
    query.remove_prefix(std::min(field.size() + 1, query.size()));
  }
  return 0;
}

}  // namespace patchbay::web
