#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "answer.hpp"
#include "translate.hpp"

// Seeds: cases/*.json, of which the "frame" is taken. The same bytes serve as what stands around a file, as
// the file, and as an operator's message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using webchat::Json;
  const webchat::Arrival from("session", "2026-11-30T10:00:00Z", "1");
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const webchat::Upload upload(bytes, bytes, size);
  const webchat::UploadRules rules(Json{{"files", true}, {"max_file_mb", 1}, {"file_types", {"text/*"}}});
  webchat::refusal(upload, bytes, rules);
  if (upload.name.empty() || upload.name.find('/') != upload.name.npos) std::abort();
  webchat::file_event(upload, "b1", from);

  const Json input = Json::parse(data, data + size, nullptr, false);
  if (!input.is_object()) return 0;
  webchat::answer_of(input, {}, "2026-11-30T10:00:00Z");
  for (const Json& event : webchat::translate(input.value("frame", input), from).events) {
    if (event.at("order_key") != "session") std::abort();
    if (event.at("dedupe_key").get_ref<const std::string&>().rfind("session/", 0) != 0) std::abort();
  }
  return 0;
}
