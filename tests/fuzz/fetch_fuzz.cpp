#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "plugin/impl/services/fetch_spec.hpp"

// A request of a plugin: read, searched for secrets and filled in, or refused by an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace patchbay;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const auto spec = plugin::read_fetch(port::Call("pb.http/1:fetch", port::Message(text, {"blob"})));
    plugin::SecretValues values;
    for (const auto& name : plugin::secrets_of(spec)) values.emplace(name, "{{secret:value}}");
    static_cast<void>(plugin::build_request(spec, values));
  } catch (const Error&) {
    return 0;
  }
  return 0;
}
