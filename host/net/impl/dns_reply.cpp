#include <ares.h>
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.hpp"
#include "net/dns.hpp"

namespace patchbay::net {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kMostRecords = 256;
constexpr std::size_t kMostData = 4096;  // bytes of one TXT

[[noreturn]] void broken() {
  throw Error(Code::unavailable, Text("net.dns_broken"));
}

// Reads on from a place in the message; beyond its end is broken.
class Reader {
 public:
  Reader(std::string_view message, std::size_t at) : message_(message), at_(at) {}

  std::string_view bytes(std::size_t count) {
    if (count > message_.size() - at_) broken();
    const auto taken = message_.substr(at_, count);
    at_ += count;
    return taken;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(bytes(1)[0]); }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  // Names point back into the message (RFC 1035, 4.1.4); c-ares bounds that.
  std::string name() {
    if (at_ >= message_.size()) broken();
    const auto* const start = reinterpret_cast<const unsigned char*>(message_.data());
    char* text = nullptr;
    long length = 0;
    const int status =
        ::ares_expand_name(start + at_, start, static_cast<int>(message_.size()), &text, &length);
    const std::unique_ptr<char, decltype(&::ares_free_string)> kept(
        text, [](void* each) { ::ares_free_string(each); });
    if (status != ARES_SUCCESS) broken();
    bytes(static_cast<std::size_t>(length));
    return text;
  }
  std::size_t at() const { return at_; }

 private:
  const std::string_view message_;
  std::size_t at_;
};

std::string address(int family, std::string_view bytes) {
  const std::size_t wanted = family == AF_INET ? 4 : 16;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes.size() != wanted) broken();
  ::inet_ntop(family, bytes.data(), text.data(), text.size());
  return text.data();
}

// Its character strings are one text (RFC 7208, 3.3).
std::string joined(std::string_view strings) {
  std::string text;
  Reader reader(strings, 0);
  while (reader.at() < strings.size()) text += reader.bytes(reader.u8());
  return text.substr(0, kMostData);
}

DnsRecord read_record(Reader reader, std::string_view data, DnsType type) {
  DnsRecord record;
  switch (type) {
    case DnsType::a:
      record.data = address(AF_INET, data);
      break;
    case DnsType::aaaa:
      record.data = address(AF_INET6, data);
      break;
    case DnsType::txt:
      record.data = joined(data);
      break;
    case DnsType::srv:
      record.priority = reader.u16();
      record.weight = reader.u16();
      record.port = reader.u16();
      record.data = reader.name();
      break;
    case DnsType::mx:
      record.priority = reader.u16();
      record.data = reader.name();
      break;
  }
  return record;
}

}  // namespace

std::vector<DnsRecord> read_dns_reply(std::string_view bytes, DnsType type) {
  if (bytes.size() < kHeader || bytes.size() > 65535) broken();
  Reader counts(bytes, 4);
  const int questions = counts.u16();
  const int answers = counts.u16();
  Reader reader(bytes, kHeader);
  for (int i = 0; i < questions; ++i) {
    reader.name();
    reader.bytes(4);
  }
  std::vector<DnsRecord> records;
  for (int i = 0; i < answers && records.size() < kMostRecords; ++i) {
    reader.name();
    const auto kind = reader.u16();
    reader.u16();  // class
    const auto ttl = reader.u32();
    const auto length = reader.u16();
    const Reader at_data = reader;
    const auto data = reader.bytes(length);
    if (kind != static_cast<std::uint16_t>(type)) continue;  // an alias on the way
    records.push_back(read_record(at_data, data, type));
    records.back().ttl = ttl > 0x7fffffff ? 0 : ttl;  // RFC 2181, 8
  }
  return records;
}

bool is_dns_name(std::string_view name) {
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  if (name.empty() || name.size() > 253 || name.find_first_not_of(kCharacters) != name.npos) return false;
  while (!name.empty()) {
    const auto end = std::min(name.find('.'), name.size());
    if (end == 0 || end > 63) return false;
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return true;
}

}  // namespace patchbay::net
