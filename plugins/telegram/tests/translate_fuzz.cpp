#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "translate.hpp"

// Seeds: the "update" members of cases/*.json.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const telegram::Json update = telegram::Json::parse(data, data + size, nullptr, false);
  if (update.is_discarded()) return 0;
  for (const telegram::Json& event : telegram::translate(update, "2026-11-21T10:00:00Z")) {
    if (event.at("dedupe_key").empty() || event.at("order_key").get_ref<const std::string&>().empty())
      std::abort();
  }
  return 0;
}
