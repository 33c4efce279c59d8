#include "domain/chat/split.hpp"

#include <algorithm>

#include <utf8proc.h>

#include "base/utf8.hpp"

namespace patchbay::domain::chat {
namespace {

struct CodePoint {
  utf8proc_int32_t value = 0;
  std::size_t bytes = 1;
};

CodePoint first_of(std::string_view text) {
  CodePoint point;
  const auto* data = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto read = utf8proc_iterate(data, static_cast<utf8proc_ssize_t>(text.size()), &point.value);
  if (read > 0) {
    point.bytes = static_cast<std::size_t>(read);
  } else {
    point.value = 0xFFFD;  // a stray byte counts as one character of its own
  }
  return point;
}

std::size_t units_of(const CodePoint& point, Unit unit) {
  switch (unit) {
    case Unit::bytes:
      return point.bytes;
    case Unit::characters:
      return 1;
    case Unit::utf16:
      break;
  }
  return point.value > 0xFFFF ? 2 : 1;
}

// Walks over one part and remembers where it may be cut, in bytes.
class Part {
 public:
  Part(std::size_t limit, Unit unit) : limit_(limit), unit_(unit) {}

  // How many bytes at the start of `text` make the part.
  std::size_t measure(std::string_view text) {
    while (at_ < text.size()) {
      const auto point = first_of(text.substr(at_));
      if (at_ > 0) mark(utf8proc_grapheme_break_stateful(previous_, point.value, &state_));
      if (at_ > 0 && units_ + units_of(point, unit_) > limit_) return cut();
      begin_ = units_;
      units_ += units_of(point, unit_);
      at_ += point.bytes;
      previous_ = point.value;
    }
    return at_;
  }

 private:
  void mark(bool boundary) {
    if (!boundary) return;
    grapheme_ = at_;
    const bool blank = previous_ == '\n' || previous_ == ' ';
    if (blank && begin_ * 4 >= limit_ * 3) blank_ = at_;
  }
  std::size_t cut() const {
    if (blank_ > 0) return blank_;
    return grapheme_ > 0 ? grapheme_ : at_;
  }

  const std::size_t limit_;
  const Unit unit_;
  std::size_t at_ = 0;     // bytes taken
  std::size_t begin_ = 0;  // units before the last code point taken
  std::size_t units_ = 0;  // units taken
  std::size_t grapheme_ = 0;
  std::size_t blank_ = 0;
  utf8proc_int32_t previous_ = 0;
  utf8proc_int32_t state_ = 0;
};

}  // namespace

std::size_t length_in(std::string_view text, Unit unit) {
  if (unit == Unit::bytes) return text.size();
  if (unit == Unit::utf16) return utf16_length(text);
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::vector<std::string> split_text(std::string_view text, std::size_t limit, Unit unit) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto bytes = Part(limit, unit).measure(text);
    parts.emplace_back(text.substr(0, bytes));
    text.remove_prefix(bytes);
  }
  return parts;
}

}  // namespace patchbay::domain::chat
