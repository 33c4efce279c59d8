#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/rfc3339.hpp"
#include "base/text.hpp"
#include "web/router.hpp"

// How the API writes what every resource has.
namespace patchbay::web {

inline nlohmann::json or_null(const std::string& text) {
  return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

inline nlohmann::json or_null(const std::optional<Id>& id) {
  return id ? nlohmann::json(to_string_id(*id)) : nlohmann::json();
}

// Unix milliseconds as RFC 3339.
inline std::string time_of(std::int64_t ms) {
  return to_rfc3339(TimePoint(Duration(ms)));
}

inline nlohmann::json time_of(const std::optional<std::int64_t>& ms) {
  return ms ? nlohmann::json(time_of(*ms)) : nlohmann::json();
}

inline nlohmann::json time_of(const std::optional<TimePoint>& time) {
  return time ? nlohmann::json(to_rfc3339(*time)) : nlohmann::json();
}

// A time of the query. Throws Error{invalid} "web.wrong_parameter" for what is none.
inline std::optional<TimePoint> query_time(const Call& call, const char* name) {
  const auto text = call.query(name);
  if (!text) return std::nullopt;
  if (const auto time = parse_rfc3339(*text)) return time;
  Error error(Code::invalid, Text("web.wrong_parameter", {{"name", name}}));
  throw error.add(Diagnostic("/" + std::string(name), Text("web.not_a_time")));
}

// A text as it is kept (Text::kept), in the reader's language; null for an empty one.
inline nlohmann::json words_in(const std::string& language, const std::string& kept) {
  return or_null(Text::from_kept(kept).in(language));
}

// {"code", "text"}, or null when there is neither.
inline nlohmann::json reason_in(const std::string& language, const std::string& code,
                                const std::string& kept) {
  if (code.empty() && kept.empty()) return {};
  return {{"code", code}, {"text", Text::from_kept(kept).in(language)}};
}

// 201 with where it is found: `path` and its id.
inline Response created(const nlohmann::json& body, const std::string& path) {
  auto response = answer(201, body);
  response.headers.add("Location", path + body.at("id").get<std::string>());
  return response;
}

// A page of what was read, one item more than its limit when there are more. `show` makes an item's JSON,
// `id_of` says how it is found again.
template <class Item, class Show, class IdOf>
Response answer_page(std::vector<Item> found, const Page& page, const Show& show, const IdOf& id_of) {
  std::optional<Id> next;
  if (found.size() > page.limit) {
    found.pop_back();
    next = id_of(found.back());
  }
  auto items = nlohmann::json::array();
  for (const auto& item : found) items.push_back(show(item));
  return answer_list(std::move(items), next);
}

template <class Item, class Show>
Response answer_page(std::vector<Item> found, const Page& page, const Show& show) {
  return answer_page(std::move(found), page, show, [](const Item& item) { return item.id; });
}

}  // namespace patchbay::web
