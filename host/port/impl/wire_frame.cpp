#include <array>
#include <cstring>

#include "port/limits.hpp"
#include "port/wire.hpp"

namespace patchbay::port::wire {
namespace {

constexpr std::string_view kMagic = "PBW1";
constexpr std::uint16_t kHasFd = 1;  // flag
constexpr auto kLastKind = static_cast<std::uint16_t>(Kind::bye);

template <class T>
void put(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
}

template <class T>
T get(std::string_view bytes, std::size_t offset) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
  }
  return static_cast<T>(value);
}

class Header {
 public:
  explicit Header(std::string_view bytes)
      : length(get<std::uint32_t>(bytes, 4)),
        kind(get<std::uint16_t>(bytes, 8)),
        flags(get<std::uint16_t>(bytes, 10)),
        json(get<std::uint32_t>(bytes, 12)),
        id(get<std::uint64_t>(bytes, 16)),
        blobs(get<std::uint32_t>(bytes, 24)),
        instance(get<std::uint32_t>(bytes, 28)) {}

  void check() const {
    if (length > kMaxFrame)
      throw Broken("a frame of " + std::to_string(length) + " bytes is over the limit of 16 MiB");
    if (kind == 0 || kind > kLastKind) throw Broken("unknown kind of frame " + std::to_string(kind));
    if ((flags & ~kHasFd) != 0) throw Broken("a frame has unknown flags");
    if (flags != 0 && kind != static_cast<std::uint16_t>(Kind::reply))
      throw Broken("flags of a frame say that a descriptor goes with it: it goes with a reply only");
    if (json > kMaxJson + kMaxHead)
      throw Broken("a JSON part of " + std::to_string(json) + " bytes is over the limit");
    if (blobs > kMaxBlobs) throw Broken(std::to_string(blobs) + " attachments are over the limit of 1024");
    if (json + std::uint64_t{8} * blobs > length) throw Broken("parts of a frame are longer than the frame");
  }

  std::uint32_t length;
  std::uint16_t kind;
  std::uint16_t flags;
  std::uint32_t json;
  std::uint64_t id;
  std::uint32_t blobs;
  std::uint32_t instance;
};

void take_json(std::string_view json, Frame& frame) {
  const auto line = json.find('\n');
  frame.head.assign(json.substr(0, line));
  if (line != json.npos) frame.message.json.assign(json.substr(line + 1));
  if (frame.head.size() > kMaxHead) throw Broken("the head of a frame is over the limit of 64 KiB");
  if (frame.message.json.size() > kMaxJson)
    throw Broken("the document of a frame is over the limit of 4 MiB");
}

void take_blobs(std::string_view rest, std::uint32_t count, Frame& frame) {
  auto data = rest.substr(std::size_t{8} * count);
  frame.message.blobs.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto size = get<std::uint64_t>(rest, std::size_t{8} * i);
    if (size > data.size()) throw Broken("attachments of a frame are longer than the frame");
    frame.message.blobs.emplace_back(data.substr(0, size));
    data.remove_prefix(size);
  }
  if (!data.empty()) throw Broken("a frame is longer than its parts");
}

}  // namespace

void append(std::string& out, const Frame& frame) {
  const auto& message = frame.message;
  const auto json = frame.head.size() + (message.json.empty() ? 0 : 1 + message.json.size());
  std::size_t length = json + 8 * message.blobs.size();
  for (const auto& blob : message.blobs) length += blob.size();
  out.reserve(out.size() + kHeaderSize + length);
  out += kMagic;
  put(out, static_cast<std::uint32_t>(length));
  put(out, static_cast<std::uint16_t>(frame.kind));
  put(out, frame.has_fd ? kHasFd : std::uint16_t{0});
  put(out, static_cast<std::uint32_t>(json));
  put(out, frame.id);
  put(out, static_cast<std::uint32_t>(message.blobs.size()));
  put(out, frame.instance);
  out += frame.head;
  if (!message.json.empty()) {
    out += '\n';
    out += message.json;
  }
  for (const auto& blob : message.blobs) put(out, static_cast<std::uint64_t>(blob.size()));
  for (const auto& blob : message.blobs) out += blob;
}

Step read(std::string_view bytes) {
  Step step;
  step.wanted = kHeaderSize;
  const auto start = bytes.substr(0, kMagic.size());
  if (start != kMagic.substr(0, start.size())) throw Broken("bytes that do not begin a frame");
  if (bytes.size() < kHeaderSize) return step;
  const Header header(bytes);
  header.check();
  step.wanted = kHeaderSize + header.length;
  if (bytes.size() < step.wanted) return step;
  step.used = step.wanted;
  step.frame.kind = static_cast<Kind>(header.kind);
  step.frame.id = header.id;
  step.frame.instance = header.instance;
  step.frame.has_fd = (header.flags & kHasFd) != 0;
  const auto body = bytes.substr(kHeaderSize, header.length);
  take_json(body.substr(0, header.json), step.frame);
  take_blobs(body.substr(header.json), header.blobs, step.frame);
  return step;
}

}  // namespace patchbay::port::wire
