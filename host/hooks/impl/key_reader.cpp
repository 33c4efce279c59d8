#include "hooks/key_reader.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "hooks/form.hpp"
#include "hooks/impl/spec.hpp"

namespace patchbay::hooks {

namespace {

constexpr std::size_t kMaxKey = 200;

std::vector<std::string> joined(std::vector<std::string> first, std::vector<std::string> second) {
  first.insert(first.end(), std::make_move_iterator(second.begin()), std::make_move_iterator(second.end()));
  return first;
}

std::vector<std::size_t> pointers_in(const std::vector<std::string>& sources) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    std::string_view source = sources[i];
    if (source.starts_with('/')) {
      found.push_back(i);
    } else if (!source.starts_with("form:") && !source.starts_with("query:") &&
               !source.starts_with("header:")) {
      throw Error(Code::invalid, Text("hooks.key_source", {{"source", sources[i]}}));
    }
  }
  return found;
}

std::vector<std::string> select(const std::vector<std::string>& all, const std::vector<std::size_t>& which) {
  std::vector<std::string> some;
  for (const auto i : which) some.push_back(all[i]);
  return some;
}

std::optional<std::string> from_request(std::string_view source, const Request& request) {
  if (take_prefix(source, "query:")) return form_field(request.query, source);
  if (take_prefix(source, "header:")) {
    const std::string* value = request.header(lower_case(std::string(source)));
    return value ? std::optional(*value) : std::nullopt;
  }
  const std::string* type = request.header("content-type");
  if (!take_prefix(source, "form:") || !type || !is_form_type(*type)) return std::nullopt;
  return form_field(request.body, source);
}

std::string fitting(const std::string& value) {
  if (value.size() > kMaxKey) return "sha256:" + crypto::to_hex(crypto::digest(crypto::Hash::sha256, value));
  return repair_utf8(value);
}

}  // namespace

KeyReader::KeyReader(std::vector<std::string> order, std::vector<std::string> dedupe)
    : sources_(joined(order, std::move(dedupe))),
      order_count_(order.size()),
      pointers_(pointers_in(sources_)),
      paths_(select(sources_, pointers_)) {}

KeyReader::Keys KeyReader::read(const Request& request) const {
  std::vector<std::optional<std::string>> values(sources_.size());
  if (!pointers_.empty()) {
    // Nothing later in the body can win over the first pointer of each list.
    std::vector<std::size_t> best;
    for (const auto i : pointers_) {
      if (best.empty() || (best.back() < order_count_ && i >= order_count_)) best.push_back(i);
    }
    std::size_t open = best.size();
    paths_.scan(request.body, [&](std::size_t pointer, std::string value, JsonPaths::Kind) {
      auto& slot = values[pointers_[pointer]];
      if (slot) return true;
      slot = std::move(value);
      if (std::find(best.begin(), best.end(), pointers_[pointer]) != best.end()) --open;
      return open > 0;
    });
  }
  const auto first_of = [&](std::size_t from, std::size_t to) -> std::optional<std::string> {
    for (std::size_t i = from; i < to; ++i) {
      if (!values[i] && !sources_[i].starts_with('/')) values[i] = from_request(sources_[i], request);
      if (values[i]) return fitting(*values[i]);
    }
    return std::nullopt;
  };
  Keys keys;
  keys.order = first_of(0, order_count_);
  keys.dedupe = first_of(order_count_, sources_.size());
  return keys;
}

}  // namespace patchbay::hooks
