#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "web/impl/json_body.hpp"
#include "web/impl/request_parser.hpp"
#include "web/impl/route_table.hpp"
#include "web/problem.hpp"

#include <nlohmann/json.hpp>

// What a stranger can send: the head and body of a request, its path, its JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t step = 1u + data[0];
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  patchbay::web::RequestParser parser(4096, 32);
  parser.eager(true);
  boost::beast::error_code error;
  std::size_t begin = 0, end = 0;
  while (!parser.is_done() && end < text.size()) {
    end = std::min(text.size(), end + step);
    begin += parser.put(boost::asio::const_buffer(text.data() + begin, end - begin), error);
    if (error && error != boost::beast::http::error::need_more) break;
  }
  if (parser.request.headers.size() > 33) std::abort();
  parser.complaint();
  if (parser.request.cookie("pb_session").size() > parser.request.headers.bytes()) std::abort();
  for (const auto segment : patchbay::web::split_path(parser.request.path()))
    patchbay::web::percent_decode(segment);
  try {
    patchbay::web::parse_json_body(text);
  } catch (const patchbay::web::StatusError&) {
  }
  return 0;
}
