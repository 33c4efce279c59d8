#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "translate.hpp"

// Seeds: cases/*.json, of which the "body" is taken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using whatsapp::Json;
  const Json input = Json::parse(data, data + size, nullptr, false);
  if (input.is_discarded()) return 0;
  const Json& body = whatsapp::has(input, "body") ? whatsapp::member(input, "body") : input;
  const whatsapp::Arrival arrival("106540352242922", "2026-11-21T10:00:00Z");
  for (const Json& event : whatsapp::translate(body, arrival)) {
    for (const char* key : {"dedupe_key", "order_key"}) {
      if (event.at(key).get_ref<const std::string&>().empty()) std::abort();
    }
  }
  for (const Json& each : whatsapp::receipts_in(body)) {
    if (whatsapp::text_of(each, "key").empty() || whatsapp::text_of(each, "id").empty()) std::abort();
  }
  return 0;
}
