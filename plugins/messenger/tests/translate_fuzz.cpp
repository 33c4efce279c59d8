#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "translate.hpp"

// Seeds: cases/*.json, of which the "body" is taken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const messenger::Json input = messenger::Json::parse(data, data + size, nullptr, false);
  if (input.is_discarded()) return 0;
  const messenger::Json& body = messenger::has(input, "body") ? messenger::member(input, "body") : input;
  const messenger::Arrival arrival("123456789", "2026-11-21T10:00:00Z");
  for (const messenger::Json& event : messenger::translate(body, arrival)) {
    for (const char* key : {"dedupe_key", "order_key", "identity"}) {
      if (event.at(key).get_ref<const std::string&>().empty()) std::abort();
    }
  }
  return 0;
}
