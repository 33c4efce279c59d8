// The setup schema of a plugin, and settings that are checked against it: two documents, a line apart.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "schema/schema.hpp"
#include "schema/vocabulary.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using nlohmann::json;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  if (line == text.npos) return 0;
  const auto document = json::parse(text.substr(0, line), nullptr, false);
  const auto value = json::parse(text.substr(line + 1), nullptr, false);
  if (document.is_discarded() || value.is_discarded()) return 0;
  try {
    const auto schema = patchbay::schema::Schema::compile(document, "fuzz");
    static_cast<void>(schema.check(schema.with_defaults(value)));
    patchbay::schema::check_vocabulary(document, "fuzz");
    static_cast<void>(patchbay::schema::fields(document, value));
    using patchbay::schema::Completeness;
    for (const auto completeness : {Completeness::whole, Completeness::draft})
      patchbay::schema::Schema::compile(patchbay::schema::effective(document, value, completeness), "fuzz");
    static_cast<void>(patchbay::schema::translated(document, "setup", {{"setup.a.title", "A"}}));
  } catch (const patchbay::Error& error) {
    if (error.code() != patchbay::Code::invalid) throw;
  }
  return 0;
}
