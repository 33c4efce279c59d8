// Bar 3: the n-th allocation fails, for every n, while bytes from outside are read: frames, and what every
// other parser takes. The parsers and their input are those of tests/fuzz. Schemas are left out: valijson
// loses what it has compiled of one when memory ends.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "faults/allocations.hpp"

extern "C" {
int parse_chat_event(const std::uint8_t* data, std::size_t size);
int parse_config(const std::uint8_t* data, std::size_t size);
int parse_cron(const std::uint8_t* data, std::size_t size);
int parse_dns(const std::uint8_t* data, std::size_t size);
int parse_elf(const std::uint8_t* data, std::size_t size);
int parse_fetch(const std::uint8_t* data, std::size_t size);
int parse_form(const std::uint8_t* data, std::size_t size);
int parse_http_request(const std::uint8_t* data, std::size_t size);
int parse_json_paths(const std::uint8_t* data, std::size_t size);
int parse_jwt(const std::uint8_t* data, std::size_t size);
int parse_manifest(const std::uint8_t* data, std::size_t size);
int parse_multipart(const std::uint8_t* data, std::size_t size);
int parse_oauth_reply(const std::uint8_t* data, std::size_t size);
int parse_package(const std::uint8_t* data, std::size_t size);
int parse_split(const std::uint8_t* data, std::size_t size);
int parse_url(const std::uint8_t* data, std::size_t size);
int parse_verifier(const std::uint8_t* data, std::size_t size);
int parse_wire(const std::uint8_t* data, std::size_t size);
}

namespace patchbay::faults {
namespace {

struct Parser {
  const char* name;
  int (*parse)(const std::uint8_t* data, std::size_t size);
};

void PrintTo(const Parser& parser, std::ostream* out) {
  *out << parser.name;
}

class ParserAllocation : public ::testing::TestWithParam<Parser> {};

TEST_P(ParserAllocation, ends_in_an_exception_and_the_next_try_reads) {
  const auto& parser = GetParam();
  int failures = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(PB_FUZZ_CORPUS "/") + parser.name)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    const auto read = [&] {
      parser.parse(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    };
    failures += sweep([&](Fault& fault) {
      fault.within(read);
      read();
    });
  }
  tell(parser.name, failures);
}

INSTANTIATE_TEST_SUITE_P(
    Of, ParserAllocation,
    ::testing::Values(Parser{"chat_event", parse_chat_event}, Parser{"config", parse_config},
                      Parser{"cron", parse_cron}, Parser{"dns", parse_dns}, Parser{"elf", parse_elf},
                      Parser{"fetch", parse_fetch}, Parser{"form", parse_form},
                      Parser{"http_request", parse_http_request}, Parser{"json_paths", parse_json_paths},
                      Parser{"jwt", parse_jwt}, Parser{"manifest", parse_manifest},
                      Parser{"multipart", parse_multipart}, Parser{"oauth_reply", parse_oauth_reply},
                      Parser{"package", parse_package}, Parser{"split", parse_split},
                      Parser{"url", parse_url}, Parser{"verifier", parse_verifier},
                      Parser{"wire", parse_wire}),
    [](const auto& chosen) { return std::string(chosen.param.name); });

}  // namespace
}  // namespace patchbay::faults
