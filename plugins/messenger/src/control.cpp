#include "control.hpp"

#include <optional>
#include <utility>

#include "dialect.hpp"

namespace messenger {

using meta::Effect;
using meta::GraphCall;
using patchbay::Error;
using patchbay::Task;

Task<void> give_back(const Account& account, Json settings, std::string person) {
  const std::string bot = text_of(settings, "bot");
  if (bot != "routing" && bot != "handover") co_return;
  const bool by_routing = bot == "routing";
  // Idempotent: who has let go and does so again is told that it is not the owner.
  const char* const verb = by_routing ? "/release_thread_control" : "/pass_thread_control";
  GraphCall call("POST", account.page() + verb, Effect::reads);
  call.body = {{"recipient", {{"id", person}}}};
  if (!by_routing) call.body["target_app_id"] = text_of(settings, "bot_app_id");
  std::optional<Error> failed;
  try {
    co_await account.call(std::move(call));
  } catch (const Error& error) {
    failed = error;
  }
  if (failed && !is_not_owner(*failed)) throw std::move(*failed);
}

}  // namespace messenger
