#include "words.hpp"

#include <algorithm>
#include <charconv>

namespace messenger {
std::string file_name_of(const std::string& url) {
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return "";
  const std::size_t end = std::min(url.find_first_of("?#", host + 3), url.size());
  const std::size_t slash = url.rfind('/', end - 1);
  if (slash == std::string::npos || slash < host + 3) return "";
  std::string out;
  for (std::size_t at = slash + 1; at < end; ++at) {
    unsigned byte = 0;
    const char* const from = url.data() + at + 1;
    if (url[at] == '%' && at + 2 < end && std::from_chars(from, from + 2, byte, 16).ptr == from + 2) {
      out += static_cast<char>(byte);
      at += 2;
    } else {
      out += url[at];
    }
  }
  return out;
}

}  // namespace messenger
