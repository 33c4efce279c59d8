#include "domain/chat/impl/ahead.hpp"

namespace patchbay::domain::chat {
namespace {

std::string key_of(std::string_view sql, const store::Values& values) {
  std::string key(sql);
  for (const auto& value : values) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) key += ' ' + std::to_string(*number);
    if (const auto* text = std::get_if<std::string>(&value))
      key += ' ' + std::to_string(text->size()) + ':' + *text;
  }
  return key;
}

}  // namespace

void Ahead::read(store::Session& session, std::string_view sql, std::vector<store::Values> all) {
  std::vector<store::Values> wanted;
  std::vector<std::string> keys;
  for (auto& values : all) {
    auto key = key_of(sql, values);
    if (!read_.try_emplace(key).second) continue;
    keys.push_back(std::move(key));
    wanted.push_back(std::move(values));
  }
  auto answers = session.query_each(sql, std::move(wanted));
  for (std::size_t i = 0; i < keys.size(); ++i) read_[keys[i]] = std::move(answers[i]);
}

std::vector<store::Row> Ahead::query(store::Session& session, std::string_view sql, store::Values values) {
  if (!read_.empty()) {
    if (auto known = read_.extract(key_of(sql, values)); !known.empty()) return std::move(known.mapped());
  }
  return session.query(sql, std::move(values));
}

std::optional<store::Row> Ahead::query_one(store::Session& session, std::string_view sql,
                                           store::Values values) {
  auto rows = query(session, sql, std::move(values));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

}  // namespace patchbay::domain::chat
