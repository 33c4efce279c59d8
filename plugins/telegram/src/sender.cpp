#include "sender.hpp"

#include <algorithm>
#include <optional>

#include "outgoing.hpp"
#include "texts.hpp"
#include "words.hpp"

namespace telegram {
namespace {

using patchbay::Error;
using patchbay::SendReply;
using patchbay::Task;

constexpr std::size_t kMostUnfinished = 1000;

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
  const std::vector<ApiCall> calls = calls_for(request);
  const std::string key = text_of(request, "idempotency_key");
  const std::string chat = id_of(member(request, "conversation"), "id");
  std::vector<Made> made = take(key);
  std::optional<Error> failed;
  std::string moved_to;
  for (const Made& each : made)
    if (!each.moved_to.empty()) moved_to = each.moved_to;
  while (made.size() < calls.size() && !failed) {
    ApiCall call = calls[made.size()];
    if (!moved_to.empty()) set_chat(call, moved_to);
    try {
      Made next = co_await deliver(std::move(call));
      if (!next.moved_to.empty()) moved_to = next.moved_to;
      made.push_back(std::move(next));
    } catch (const Error& error) {
      failed = error;
    }
  }
  if (failed) {
    if (failed->code == PB_RATE_LIMITED) {
      const std::int64_t now = host_.now();
      failed->in_scope(pauses_.add(chat, now, now + failed->retry_after_ms));
    }
    if (!made.empty()) keep(key, std::move(made));
    throw std::move(*failed);
  }
  SendReply reply(std::vector<std::string>{}, made.empty() ? std::string() : made.back().at);
  for (const Made& each : made)
    reply.provider_ids.insert(reply.provider_ids.end(), each.ids.begin(), each.ids.end());
  reply.moved_to = moved_to;
  co_return reply;
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

std::vector<Made> Sender::take(const std::string& key) {
  const auto found = std::find_if(unfinished_.begin(), unfinished_.end(),
                                  [&](const auto& each) { return each.first == key; });
  if (key.empty() || found == unfinished_.end()) return {};
  std::vector<Made> made = std::move(found->second);
  unfinished_.erase(found);
  return made;
}

void Sender::keep(std::string key, std::vector<Made> made) {
  if (key.empty()) return;
  if (unfinished_.size() >= kMostUnfinished) unfinished_.erase(unfinished_.begin());
  unfinished_.emplace_back(std::move(key), std::move(made));
}

}  // namespace telegram
