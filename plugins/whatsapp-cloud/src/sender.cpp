#include "sender.hpp"

#include <utility>

#include "outgoing.hpp"

namespace whatsapp {
namespace {

using meta::Effect;
using meta::GraphCall;
using patchbay::Error;
using patchbay::SendReply;
using patchbay::Task;

constexpr int kLooks = 20;
constexpr std::int64_t kBetweenLooksMs = 500;
constexpr std::size_t kRemembered = 1000;

std::string id_in(const Json& answer) {
  const Json& made = list_of(answer, "messages");
  return made.empty() ? std::string() : text_of(made.front(), "id");
}

}  // namespace

Task<SendReply> Sender::send(Json request) {
  std::string media;
  if (Json file = file_of(request); file.is_object()) media = co_await upload(std::move(file));
  std::optional<Json> message = message_for(request, media);
  std::vector<std::string> ids;
  if (message) {
    Json wanted = std::move(*message);
    std::string id = co_await make(std::move(wanted));
    ids.push_back(std::move(id));
  }
  co_return SendReply(std::move(ids));
}

Task<std::string> Sender::upload(Json file) const {
  GraphCall call("POST", line_.phone() + "/media", Effect::reads);
  std::string type = text_of(file, "type");
  std::string name = text_of(file, "name");
  if (type.empty()) type = "application/octet-stream";
  if (name.empty()) name = "file";
  call.body = {{"messaging_product", "whatsapp"}, {"type", type}};
  const std::int64_t size = number_of(file, "size").value_or(0);
  call.files.emplace_back("file", text_of(file, "blob"), std::move(name), std::move(type), size);
  const Json answer = co_await line_.graph().call(std::move(call));
  std::string id = id_of(answer, "id");
  if (id.empty()) throw failure(PB_UNAVAILABLE, "whatsapp.unavailable", {{"status", 200}});
  co_return id;
}

Task<std::string> Sender::make(Json message) {
  std::string key = text_of(message, "biz_opaque_callback_data");
  GraphCall call("POST", line_.phone() + "/messages", Effect::acts);
  call.body = std::move(message);
  std::optional<Error> failed;
  try {
    const Json answer = co_await line_.graph().call(std::move(call));
    std::string id = id_in(answer);
    if (!id.empty()) co_return id;
    failed = failure(PB_OUTCOME_UNKNOWN, "whatsapp.outcome_unknown", {{"status", 200}});
  } catch (const Error& error) {
    failed = error;
  }
  if (failed->code != PB_OUTCOME_UNKNOWN || key.empty()) throw std::move(*failed);
  std::string found;
  try {
    found = co_await told_meanwhile(std::move(key));
  } catch (const Error&) {
    throw std::move(*failed);
  }
  if (found.empty()) throw std::move(*failed);
  co_return found;
}

Task<std::string> Sender::told_meanwhile(std::string key) const {
  for (int look = 0; look < kLooks; ++look) {
    if (const auto found = told_.find(key); found != told_.end()) co_return found->second;
    co_await host_.sleep(kBetweenLooksMs);
  }
  co_return std::string();
}

void Sender::learn(const Json& receipts) {
  for (const Json& each : receipts) {
    const auto [at, fresh] = told_.emplace(text_of(each, "key"), text_of(each, "id"));
    if (fresh) order_.push_back(at->first);
  }
  for (; order_.size() > kRemembered; order_.pop_front()) told_.erase(order_.front());
}

}  // namespace whatsapp
