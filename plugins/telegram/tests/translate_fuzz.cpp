#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "translate.hpp"

// Seeds: cases/*.json, of which the "update" is taken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const telegram::Json input = telegram::Json::parse(data, data + size, nullptr, false);
  if (input.is_discarded()) return 0;
  const telegram::Json& update = telegram::has(input, "update") ? telegram::member(input, "update") : input;
  for (const telegram::Json& event : telegram::translate(update, "2026-11-21T10:00:00Z")) {
    for (const char* key : {"dedupe_key", "order_key"}) {
      if (event.at(key).get_ref<const std::string&>().empty()) std::abort();
    }
  }
  return 0;
}
