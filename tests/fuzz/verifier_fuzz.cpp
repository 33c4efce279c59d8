#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "hooks/challenge.hpp"
#include "hooks/events.hpp"
#include "hooks/key_reader.hpp"
#include "hooks/verifier.hpp"

namespace {

using patchbay::hooks::Verifier;

std::vector<std::string> secrets(const std::string&) {
  return {"a secret that no fuzzer guesses 4711"};
}

std::vector<std::unique_ptr<const Verifier>> verifiers() {
  std::vector<std::unique_ptr<const Verifier>> all;
  for (
      const char* spec :
      {R"({"type":"header-equals","header":"x-sig","secret":"secret:a"})",
       R"({"type":"hmac","hash":"sha256","key":["secret:a"],"message":["body"],"header":"x-sig","strip":"sha256="})",
       R"({"type":"hmac","hash":"sha1","key":["secret:a"],"message":["url","form-sorted"],"header":"x-sig","encoding":"base64","url_ports":"both","body_sha256":"bodySHA256"})",
       R"({"type":"hmac","hash":"sha512","key":["secret:a"],"message":["header:x-time","query:q","body"],"header":"x-sig","timestamp":"x-time","tolerance_s":300})",
       R"({"type":"basic","user":"text:me","password":"secret:a"})",
       R"({"type":"json-equals","pointer":"/value/*/state","secret":"secret:a"})"}) {
    all.push_back(Verifier::compile(spec, secrets, false));
  }
  return all;
}

}  // namespace

// Three lines and a body: no such request is signed. Answers of plugins and specs of manifests are read as
// well.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto* all = new std::vector<std::unique_ptr<const Verifier>>(verifiers());
  static const auto* keys = new patchbay::hooks::KeyReader({"/a", "form:a", "query:q"}, {"header:x-sig"});
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = [&text] {
    const auto end = text.find('\n');
    const auto taken = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    return std::string(taken);
  };
  patchbay::hooks::Request request("POST", "/hooks/p/1/r", line());
  for (const char* name : {"x-sig", "authorization", "x-time", "content-type"})
    request.headers.emplace_back(name, line());
  request.body = std::string(text);
  const Verifier::Context context("https://bay.example/hooks/p/1/r",
                                  patchbay::TimePoint(std::chrono::milliseconds(1'800'000'000'000)));
  for (const auto& verifier : *all) {
    if (verifier->accepts(request, context)) std::abort();
  }
  static_cast<void>(keys->read(request));
  try {
    static_cast<void>(patchbay::hooks::parse_events(request.body));
  } catch (const patchbay::Error&) {
  }
  try {
    static_cast<void>(patchbay::hooks::Challenge::compile(request.body, secrets).answer(request));
  } catch (const patchbay::Error&) {
  }
  return 0;
}
