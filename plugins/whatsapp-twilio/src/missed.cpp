#include "missed.hpp"

#include <algorithm>

#include "times.hpp"
#include "translate.hpp"

namespace twilio {
namespace {

using patchbay::Events;
using patchbay::string_at;
using patchbay::SyncRun;
using patchbay::Task;

// Webhooks know more than the list does (names, buttons, places): they come first. One that Twilio has not
// delivered after 15 s it gives up.
constexpr std::int64_t kHeadStartMs = 20'000;
// Messages that Twilio lists late are asked for once more.
constexpr std::int64_t kOverlapMs = 10 * 60'000;
// What becomes of a message that went out may be known a day later: who has switched the phone off gets it
// when it is on again. So they are asked for again and again for this long.
constexpr std::int64_t kFollowedMs = 48 * 3'600'000LL;
constexpr std::int64_t kFollowEveryMs = 3'600'000;
constexpr int kMostPages = 500;

Json checkpoint(std::int64_t since, std::int64_t after, std::int64_t followed) {
  return {{"v", 1}, {"since", since}, {"after", after}, {"followed", followed}};
}

// A message of the list in the words of a webhook.
Form as_webhook(const Json& message) {
  Form form;
  form.add("MessageSid", string_at(message, "sid"))
      .add("From", string_at(message, "from"))
      .add("To", string_at(message, "to"))
      .add_if("Body", string_at(message, "body"))
      .add_if("DateSent", string_at(message, "date_sent", string_at(message, "date_created")));
  return form;
}

Form as_callback(const Json& message) {
  Form form = as_webhook(message);
  form.add("MessageStatus", string_at(message, "status"))
      .add_if("ErrorMessage", string_at(message, "error_message"));
  const Json code = message.value("error_code", Json());
  if (code.is_number_integer()) form.add("ErrorCode", code.dump());
  return form;
}

patchbay::Event event_of(const Json& each) {
  return {each.at("type"), each.at("dedupe_key"), each.at("order_key"), each.at("data")};
}

}  // namespace

Task<void> Missed::run(SyncRun& run) {
  const std::int64_t now = host_.now();
  if (!run.checkpoint.is_object())
    run.checkpoint = checkpoint(now, now, now);  // nothing from before connecting
  const std::int64_t since = run.checkpoint.value("since", now);
  const std::int64_t after = run.checkpoint.value("after", now);
  const std::int64_t followed = run.checkpoint.value("followed", std::int64_t{0});
  const bool gap = now - after > kOverlapMs;
  const bool follows = gap || now - followed >= kFollowEveryMs;
  // Twilio counts seconds.
  const auto begin = [&](std::int64_t at) { return std::max(since, at) / 1000 * 1000; };
  const std::int64_t stored = run.stored();
  bool go_on = co_await take(run, true, begin(after - kOverlapMs));
  const std::int64_t fresh = run.stored() - stored;
  const std::int64_t sent_from = begin(follows ? now - kFollowedMs : after - kOverlapMs);
  if (go_on) go_on = co_await take(run, false, sent_from);
  if (!go_on) co_return;
  unannounced_ += fresh;
  Json next = checkpoint(since, std::max(after, now - kHeadStartMs), follows ? now : followed);
  Events none;
  co_await run.emit(std::move(none), std::move(next));
}

Task<bool> Missed::take(SyncRun& run, bool incoming, std::int64_t from) {
  const std::int64_t upto = host_.now() - kHeadStartMs;
  std::string url = api_.resource("/Messages") + "?PageSize=200&" + (incoming ? "To=" : "From=") +
                    percent_encoded(api_.account().address()) + "&DateSent%3E=" + whole_seconds(from);
  for (int pages = 0; pages < kMostPages && !url.empty(); ++pages) {
    std::string next = url;
    const Json page = co_await api_.get(std::move(next));
    Events events;
    for (const Json& message : page.value("messages", Json::array())) {
      const auto at = parse_rfc2822(string_at(message, "date_sent", string_at(message, "date_created")));
      if (!at || *at < from || *at > upto) continue;
      Json one = message;
      const Events found = co_await events_of(std::move(one), incoming);
      events.insert(events.end(), found.begin(), found.end());
    }
    Json stays = run.checkpoint;
    if (!events.empty()) {
      const bool go_on = co_await run.emit(std::move(events), std::move(stays));
      if (!go_on) co_return false;
    }
    const std::string path = string_at(page, "next_page_uri");
    url = path.rfind("/2010-04-01/", 0) == 0 ? api_.core() + path : std::string();
  }
  co_return true;
}

Task<Events> Missed::events_of(Json message, bool incoming) const {
  const std::string at = patchbay::rfc3339(host_.now());
  Events events;
  if (!incoming) {
    for (const Json& each : translate_status(as_callback(message), at)) events.push_back(event_of(each));
    co_return events;
  }
  Form form = as_webhook(message);
  if (string_at(message, "num_media", "0") != "0") {
    std::string files = api_.resource("/Messages/" + percent_encoded(string_at(message, "sid")) + "/Media");
    const Json list = co_await api_.get(std::move(files));
    int index = 0;
    for (const Json& each : list.value("media_list", Json::array())) {
      const std::string number = std::to_string(index++);
      const std::string uri = string_at(each, "uri");
      form.add("MediaUrl" + number, api_.core() + uri.substr(0, uri.rfind(".json")))
          .add("MediaContentType" + number, string_at(each, "content_type"));
    }
  }
  if (std::string card = card_address(form); !card.empty()) {
    std::string text = co_await api_.small_file(std::move(card));
    form.add_if(kCard, std::move(text));
  }
  for (const Json& each : translate_message(form, at)) events.push_back(event_of(each));
  co_return events;
}

}  // namespace twilio
