#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "times.hpp"
#include "translate.hpp"

// The body of a webhook, on both routes. Seeds: cases/*.json, whose forms are taken.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  twilio::Form form = twilio::Form::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  const twilio::Json seed = twilio::Json::parse(data, data + size, nullptr, false);
  if (seed.is_object() && seed.contains("form") && seed["form"].is_object()) {
    for (const auto& [name, value] : seed["form"].items()) {
      if (value.is_string()) form.add(name, value.get<std::string>());
    }
  }
  static_cast<void>(twilio::parse_rfc2822(form.text("DateSent")));
  for (const auto translate : {twilio::translate_message, twilio::translate_status}) {
    for (const twilio::Json& event : translate(form, "2026-11-21T10:00:00Z")) {
      for (const char* key : {"dedupe_key", "order_key"}) {
        if (event.at(key).get_ref<const std::string&>().empty()) std::abort();
      }
    }
  }
  return 0;
}
