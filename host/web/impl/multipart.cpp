#include "web/multipart.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "web/impl/route_table.hpp"
#include "web/problem.hpp"

namespace patchbay::web {
namespace {

constexpr std::size_t kMaxHeader = 8u << 10;
constexpr std::size_t kMaxParts = 100;
constexpr std::size_t kMaxPadding = 256;
constexpr std::size_t kMaxBoundary = 70;  // RFC 2046, 5.1.1

StatusError broken(std::string reason) {
  return StatusError(400, Text("web.broken_form", {{"reason", std::move(reason)}}));
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

std::string_view trim(std::string_view text) {
  const auto start = text.find_first_not_of(" \t");
  if (start == text.npos) return {};
  return text.substr(start, text.find_last_not_of(" \t") - start + 1);
}

// A quoted string from behind its first quote. Only \" is an escape: browsers send paths with bare
// back-slashes.
std::string take_quoted(std::string_view& text) {
  std::string out;
  std::size_t i = 0;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '"') ++i;
    out += text[i];
  }
  text.remove_prefix(std::min(i + 1, text.size()));
  return out;
}

// The value of one parameter of "value; name=...; other="..."".
std::optional<std::string> parameter(std::string_view text, std::string_view wanted) {
  auto semicolon = text.find(';');
  while (semicolon != text.npos) {
    text.remove_prefix(semicolon + 1);
    const auto equals = text.find_first_of("=;");
    if (equals == text.npos) return std::nullopt;
    if (text[equals] == ';') {
      semicolon = equals;
      continue;
    }
    const auto name = lower(trim(text.substr(0, equals)));
    text = text.substr(equals + 1);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    std::string value;
    if (text.starts_with('"')) {
      text.remove_prefix(1);
      value = take_quoted(text);
    } else {
      value = trim(text.substr(0, text.find(';')));
    }
    if (name == wanted) return value;
    semicolon = text.find(';');
  }
  return std::nullopt;
}

// "UTF-8''na%C3%AFve.txt" (RFC 8187).
std::optional<std::string> extended(std::string_view value) {
  const auto quote = value.rfind('\'');
  if (quote == value.npos || !lower(value).starts_with("utf-8'")) return std::nullopt;
  return percent_decode(value.substr(quote + 1));
}

std::string last_component(std::string_view path) {
  const auto slash = path.find_last_of("/\\");
  return repair_utf8(slash == path.npos ? path : path.substr(slash + 1));
}

FormPart parse_header(std::string_view header) {
  FormPart part;
  std::optional<std::string> name;
  while (!header.empty()) {
    const auto end = header.find("\r\n");
    const auto line = header.substr(0, end);
    header = end == header.npos ? std::string_view() : header.substr(end + 2);
    const auto colon = line.find(':');
    if (colon == line.npos) throw broken("a line of a part's header has no colon");
    const auto field = lower(trim(line.substr(0, colon)));
    const auto value = trim(line.substr(colon + 1));
    if (field == "content-type") part.type = repair_utf8(value);
    if (field != "content-disposition") continue;
    if (!lower(value).starts_with("form-data")) throw broken("a part is not form-data");
    name = parameter(value, "name");
    auto file = parameter(value, "filename");
    if (auto exact = parameter(value, "filename*")) file = extended(*exact).value_or(file.value_or(""));
    if (file) part.file_name = last_component(*file);
  }
  if (!name) throw broken("a part has no name");
  part.name = repair_utf8(*name);
  return part;
}

std::string boundary_of(const Request& request) {
  if (auto boundary = multipart_boundary(request.headers.get("content-type"))) return std::move(*boundary);
  throw StatusError(415, Text("web.not_a_form"));
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  if (lower(trim(content_type.substr(0, content_type.find(';')))) != "multipart/form-data")
    return std::nullopt;
  auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) return std::nullopt;
  const auto bad = [](unsigned char c) { return c < 0x20 || c > 0x7e; };
  if (std::any_of(boundary->begin(), boundary->end(), bad)) return std::nullopt;
  return boundary;
}

MultipartParser::MultipartParser(std::string_view boundary) : delimiter_("\r\n--" + std::string(boundary)) {}

void MultipartParser::feed(std::string_view piece) {
  if (state_ == State::done) return;
  buffer_ += piece;
  while (step()) {
  }
}

void MultipartParser::finish() const {
  if (state_ != State::done) throw broken("it ends before its closing boundary");
}

std::optional<MultipartParser::Event> MultipartParser::next() {
  if (events_.empty()) return std::nullopt;
  auto event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void MultipartParser::emit(Event::Kind kind, FormPart part, std::string data) {
  events_.emplace_back(kind, std::move(part), std::move(data));
}

bool MultipartParser::step() {
  switch (state_) {
    case State::preamble:
    case State::data:
      return step_data();
    case State::boundary:
      return step_boundary();
    case State::header:
      return step_header();
    case State::done:
      break;
  }
  buffer_.clear();
  return false;
}

// Up to the next delimiter: a part's data, or the preamble, which nobody wants.
bool MultipartParser::step_data() {
  const auto at = buffer_.find(delimiter_);
  const bool found = at != std::string::npos;
  const auto sure = found ? at : buffer_.size() - std::min(buffer_.size(), delimiter_.size() - 1);
  if (sure > 0 && state_ == State::data) emit(Event::Kind::data, {}, buffer_.substr(0, sure));
  buffer_.erase(0, found ? at + delimiter_.size() : sure);
  if (!found) return false;
  if (state_ == State::data) emit(Event::Kind::end, {}, {});
  state_ = State::boundary;
  return true;
}

// Behind a delimiter: "--" ends the form, a line end begins a part.
bool MultipartParser::step_boundary() {
  const auto start = buffer_.find_first_not_of(" \t");
  if ((start == std::string::npos ? buffer_.size() : start) > kMaxPadding)
    throw broken("a boundary is padded too far");
  if (start == std::string::npos || start + 2 > buffer_.size()) return false;
  const auto mark = std::string_view(buffer_).substr(start, 2);
  if (mark != "--" && mark != "\r\n") throw broken("a boundary is followed by something else");
  if (mark == "\r\n" && ++parts_ > kMaxParts) throw broken("it has more than 100 parts");
  state_ = mark == "--" ? State::done : State::header;
  // The line end stays: a part without header fields ends its header with it.
  buffer_.erase(0, mark == "--" ? buffer_.size() : start);
  return state_ == State::header;
}

bool MultipartParser::step_header() {
  const auto end = buffer_.find("\r\n\r\n");
  if ((end == std::string::npos ? buffer_.size() : end) > kMaxHeader)
    throw broken("the header of a part is too large");
  if (end == std::string::npos) return false;
  auto part = parse_header(end < 2 ? std::string_view() : std::string_view(buffer_).substr(2, end - 2));
  buffer_.erase(0, end + 4);
  emit(Event::Kind::begin, std::move(part), {});
  state_ = State::data;
  return true;
}

MultipartReader::MultipartReader(Request& request) : request_(request), parser_(boundary_of(request)) {}

boost::asio::awaitable<std::optional<FormPart>> MultipartReader::next() {
  while (true) {
    auto one = co_await event();
    if (!one) co_return std::nullopt;
    if (one->kind != MultipartParser::Event::Kind::begin) continue;
    inside_ = true;
    co_return std::move(one->part);
  }
}

boost::asio::awaitable<std::string> MultipartReader::data() {
  if (!inside_) co_return std::string();
  auto one = co_await event();
  inside_ = one && one->kind == MultipartParser::Event::Kind::data;
  if (!inside_) co_return std::string();
  co_return std::move(one->data);
}

boost::asio::awaitable<std::optional<MultipartParser::Event>> MultipartReader::event() {
  while (true) {
    if (auto one = parser_.next()) co_return one;
    if (!std::exchange(started_, true) && !request_.body.empty()) {
      parser_.feed(request_.body);
      continue;
    }
    if (request_.stream == nullptr) break;
    const std::string piece = co_await request_.stream->next();
    if (piece.empty()) break;
    parser_.feed(piece);
  }
  parser_.finish();
  co_return std::nullopt;
}

}  // namespace patchbay::web
