#include <cstdint>
#include <cstdlib>
#include <string>

#include "plugin/package.hpp"

// Keys and signatures of plugin packages: what is read and written again is the same line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay::plugin;
  const std::string text(reinterpret_cast<const char*>(data), size);
  // A file may have been through an editor of another system.
  const auto line = text.substr(0, text.find_last_not_of(" \t\r\n") + 1) + "\n";
  const auto same = [&](const std::string& written) { return written == line; };
  if (const auto key = parse_public_key(text); key && !same(public_key_text(*key))) std::abort();
  if (const auto key = parse_private_key(text); key && !same(private_key_text(*key))) std::abort();
  if (const auto signature = parse_signature(text); signature && signature->key_id.empty()) std::abort();
  return 0;
}
