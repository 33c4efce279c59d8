#include "web/http_message.hpp"

#include <algorithm>

namespace patchbay::web {

void Headers::add(std::string_view name, std::string_view value) {
  if (spans_.empty()) {
    text_.reserve(512);
    spans_.reserve(12);
  }
  const auto start = static_cast<std::uint32_t>(text_.size());
  for (const char c : name) text_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  text_ += value;
  spans_.push_back(
      {start, static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())});
}

Headers::Field Headers::operator[](std::size_t index) const {
  const auto& span = spans_[index];
  const std::string_view text(text_);
  return {text.substr(span.name, span.name_size), text.substr(span.name + span.name_size, span.value_size)};
}

std::string_view Headers::get(std::string_view name) const {
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    if (spans_[i].name_size != name.size()) continue;
    const auto field = (*this)[i];
    if (field.first == name) return field.second;
  }
  return {};
}

bool Headers::has(std::string_view name) const {
  for (std::size_t i = 0; i < spans_.size(); ++i) {
    if ((*this)[i].first == name) return true;
  }
  return false;
}

std::string_view Request::query() const {
  const auto mark = target.find('?');
  return mark == target.npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string_view Request::cookie(std::string_view name) const {
  for (auto rest = headers.get("cookie"); !rest.empty();) {
    const auto end = rest.find(';');
    auto pair = rest.substr(0, end);
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  }
  return {};
}

boost::asio::awaitable<std::string> Body::rest() {
  std::string all = co_await next();
  while (!all.empty()) {
    const std::string piece = co_await next();
    if (piece.empty()) break;
    all += piece;
  }
  co_return all;
}

}  // namespace patchbay::web
