#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "web/multipart.hpp"
#include "web/problem.hpp"

namespace {

using patchbay::web::MultipartParser;

// Everything that comes out, and whether the body was accepted; in pieces of `step` bytes.
std::string run(std::string_view text, std::size_t step) {
  MultipartParser parser("xYz");
  std::string out;
  try {
    while (!text.empty()) {
      parser.feed(text.substr(0, step));
      text.remove_prefix(step < text.size() ? step : text.size());
    }
    parser.finish();
  } catch (const patchbay::web::StatusError&) {
    return "refused";
  }
  while (auto event = parser.next()) {
    if (event->kind == MultipartParser::Event::Kind::begin) out += "<" + event->part.name + ">";
    if (event->kind == MultipartParser::Event::Kind::data) out += event->data;
    if (event->kind == MultipartParser::Event::Kind::end) out += "</>";
  }
  return out;
}

}  // namespace

// The same bytes mean the same, however they are cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (run(text, size) != run(text, 1u + data[0] % 64u)) std::abort();
  patchbay::web::multipart_boundary(text);
  return 0;
}
