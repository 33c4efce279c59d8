#include "sender.hpp"

#include <algorithm>
#include <optional>

#include "outgoing.hpp"
#include "using.hpp"
#include "words.hpp"

namespace telegram {
namespace {

using patchbay::Error;
using patchbay::SendReply;
using patchbay::Task;

void read_made(const Json& message, Made& made) {
  const std::string id = id_of(message, "message_id");
  if (!id.empty() && id != "0") made.ids.push_back(id);  // 0: Telegram will send it later, and tells no id
  if (const auto date = number_of(message, "date")) made.at = time_text(*date);
}

Made made_of(const Json& result) {
  Made made;
  if (!result.is_array()) read_made(result, made);
  if (result.is_array()) {
    for (const Json& message : result) read_made(message, made);
  }
  return made;
}

// Whether the host makes the same call of a part again after this failure.
bool is_repeated(const Error& error) {
  return error.code == PB_RATE_LIMITED || error.code == PB_UNAVAILABLE || error.code == PB_DEADLINE ||
         error.code == PB_UNAUTHENTICATED;
}

bool has_begun(const Progress& progress) {
  return !progress.made.empty() || progress.apart.has_value();
}

// The chat's new id, when a call has found one.
std::string moved_in(const Progress& progress) {
  std::string moved_to;
  for (const Made& each : progress.made)
    if (!each.moved_to.empty()) moved_to = each.moved_to;
  return moved_to;
}

SendReply reply_of(const Progress& progress) {
  const std::vector<Made>& made = progress.made;
  SendReply reply(std::vector<std::string>{}, made.empty() ? std::string() : made.back().at);
  for (const Made& each : made)
    reply.provider_ids.insert(reply.provider_ids.end(), each.ids.begin(), each.ids.end());
  reply.moved_to = moved_in(progress);
  return reply;
}

Json json_of(const Progress& progress) {
  Json made = Json::array();
  for (const Made& each : progress.made)
    made.push_back({{"ids", each.ids}, {"at", each.at}, {"moved_to", each.moved_to}});
  Json out = {{"made", std::move(made)}};
  if (progress.apart) out["apart"] = *progress.apart;
  return out;
}

Progress progress_of(const Json& stored) {
  Progress progress;
  if (const Json& made = member(stored, "made"); made.is_array()) {
    for (const Json& each : made) {
      Made one;
      for (const Json& id : member(each, "ids"))
        if (id.is_string()) one.ids.push_back(id.get<std::string>());
      one.at = text_of(each, "at");
      one.moved_to = text_of(each, "moved_to");
      progress.made.push_back(std::move(one));
    }
  }
  if (const auto apart = number_of(stored, "apart")) progress.apart = static_cast<std::size_t>(*apart);
  return progress;
}

void set_chat(ApiCall& call, const std::string& id) {
  call.arguments["chat_id"] = *number_of({{"id", id}}, "id");
}

// Pictures that are too long, too thin or broken for Telegram to show, but fine to hand over.
bool wants_document(const Error& error) {
  return error.text.find("PHOTO_INVALID_DIMENSIONS") != std::string::npos ||
         error.text.find("IMAGE_PROCESS_FAILED") != std::string::npos ||
         error.text.find("PHOTO_SAVE_FILE_INVALID") != std::string::npos;
}

}  // namespace

std::string Pauses::add(const std::string& chat, std::int64_t now, std::int64_t until) {
  std::erase_if(until_, [now](const auto& pause) { return pause.second <= now; });
  until_[chat] = until;
  return until_.size() > 1 ? "integration" : "conversation";
}

Task<SendReply> Sender::send(Json request) {
  const std::string key = "send:" + text_of(request, "idempotency_key");
  Progress before;
  if (number_of(request, "attempt").value_or(1) > 1) before = co_await load(key);
  const bool stored = has_begun(before);
  Attempt attempt = co_await go_on(std::move(request), std::move(before));
  const bool goes_on = attempt.failed && is_repeated(*attempt.failed) && has_begun(attempt.progress);
  if (goes_on || stored) {
    Json left = goes_on ? json_of(attempt.progress) : Json();
    co_await keep(key, std::move(left));
  }
  SendReply reply = reply_of(attempt.progress);
  if (!attempt.failed) co_return reply;
  if (!reply.provider_ids.empty()) {
    attempt.failed->with_detail("provider_ids", reply.provider_ids).with_detail("sent_at", reply.sent_at);
    if (!reply.moved_to.empty()) attempt.failed->with_detail("moved_to", reply.moved_to);
  }
  throw std::move(*attempt.failed);
}

Task<Attempt> Sender::go_on(Json request, Progress progress) {
  Attempt attempt(std::move(progress));
  std::vector<Made>& made = attempt.progress.made;
  std::optional<Error>& failed = attempt.failed;
  std::vector<ApiCall> calls = calls_for(request);
  if (attempt.progress.apart) take_apart(calls, *attempt.progress.apart);
  while (made.size() < calls.size() && !failed) {
    ApiCall call = calls[made.size()];
    if (const std::string moved_to = moved_in(attempt.progress); !moved_to.empty()) set_chat(call, moved_to);
    try {
      Made next = co_await deliver(std::move(call));
      made.push_back(std::move(next));
    } catch (const Error& error) {
      failed = error;
    }
    if (failed && wants_document(*failed) && take_apart(calls, made.size())) {
      attempt.progress.apart = made.size();
      failed.reset();
    }
  }
  if (failed && failed->code == PB_RATE_LIMITED) {
    const std::string chat = id_of(member(request, "conversation"), "id");
    const std::int64_t now = host_.now();
    failed->in_scope(pauses_.add(chat, now, now + failed->retry_after_ms));
  }
  co_return attempt;
}

Task<Made> Sender::deliver(ApiCall call) {
  std::string moved_to;
  for (;;) {
    ApiCall attempt = call;
    std::optional<Error> failed;
    try {
      const Json result = co_await api_.call(std::move(attempt));
      Made made = made_of(result);
      made.moved_to = moved_to;
      co_return made;
    } catch (const Error& error) {
      failed = error;
    }
    const std::string new_id = text_of(failed->details, "moved_to");
    if (!new_id.empty() && moved_to.empty()) {  // once
      moved_to = new_id;
      set_chat(call, new_id);
    } else if (!wants_document(*failed) || !as_document(call)) {
      failed->details.erase("moved_to");
      throw std::move(*failed);
    }
  }
}

Task<Progress> Sender::load(std::string key) const {
  const patchbay::StoredState stored = co_await host_.state_get(std::move(key));
  co_return progress_of(stored.value);
}

// Without it the host would still be right to repeat, so a failure is only logged.
Task<void> Sender::keep(std::string key, Json progress) const {
  std::optional<Error> failed;
  try {
    co_await host_.state_put(std::move(key), std::move(progress));
  } catch (const Error& error) {
    failed = error;
  }
  if (failed) host_.log(PB_WARN, "The progress of a message could not be kept", {{"why", failed->text}});
}

}  // namespace telegram
