#include "buttons.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace whatsapp {
namespace {

constexpr std::size_t kMostButtons = 3;
constexpr std::size_t kMostRows = 10;
constexpr std::size_t kLongestButtonText = 1024;
constexpr std::size_t kLongestListText = 4096;
constexpr std::size_t kLongestTitle = 20;
constexpr std::size_t kLongestRowTitle = 24;
constexpr std::size_t kLongestRowWords = 72;
constexpr std::size_t kLongestData = 200;  // bytes; of a row, a button has 256

std::string data_of(const Json& button) {
  std::string data = text_of(button, "data");
  const std::string title = text_of(button, "title");
  if (data.empty()) data = title;
  if (data.size() > kLongestData)
    throw failure(PB_INVALID, "whatsapp.button_data", {{"title", title}, {"max", kLongestData}});
  return data;
}

// WhatsApp wants titles and data of one message to differ.
bool all_differ(const std::vector<Json>& answers, std::size_t longest) {
  std::set<std::string> titles;
  std::set<std::string> data;
  for (const Json& each : answers) {
    titles.insert(excerpt(text_of(each, "title"), longest));
    data.insert(data_of(each));
  }
  return titles.size() == answers.size() && data.size() == answers.size();
}

Json reply_buttons(const std::vector<Json>& answers) {
  Json buttons = Json::array();
  for (const Json& each : answers)
    buttons.push_back(
        {{"type", "reply"},
         {"reply", {{"id", data_of(each)}, {"title", excerpt(text_of(each, "title"), kLongestTitle)}}}});
  return {{"type", "button"}, {"action", {{"buttons", std::move(buttons)}}}};
}

// The word that opens the list is no word, since nobody tells which language the client reads.
Json reply_list(const std::vector<Json>& answers) {
  Json rows = Json::array();
  for (const Json& each : answers) {
    const std::string title = text_of(each, "title");
    Json row = {{"id", data_of(each)}, {"title", excerpt(title, kLongestRowTitle)}};
    if (length_of(title) > kLongestRowTitle) row["description"] = excerpt(title, kLongestRowWords);
    rows.push_back(std::move(row));
  }
  return {{"type", "list"}, {"action", {{"button", "☰"}, {"sections", {{{"rows", std::move(rows)}}}}}}};
}

Json opener(const Json& button) {
  const Json parameters = {{"display_text", excerpt(text_of(button, "title"), kLongestTitle)},
                           {"url", text_of(button, "url")}};
  return {{"type", "cta_url"}, {"action", {{"name", "cta_url"}, {"parameters", parameters}}}};
}

}  // namespace

Buttons::Buttons(const Json& rows, std::string text_, const Json& header) : text(std::move(text_)) {
  std::vector<Json> answers;
  std::vector<Json> links;
  if (!rows.is_array()) return;
  for (const Json& row : rows) {
    if (!row.is_array()) continue;
    for (const Json& button : row) {
      if (!text_of(button, "title").empty()) (has(button, "url") ? links : answers).push_back(button);
    }
  }
  if (answers.empty() && links.size() == 1 && header.is_null() && !is_blank(text) &&
      length_of(text) <= kLongestButtonText) {
    interactive = opener(links.front());
  } else {
    for (const Json& link : links) add_line(text, text_of(link, "title") + ": " + text_of(link, "url"));
  }
  const std::size_t length = length_of(text);
  const bool asks = !answers.empty() && !is_blank(text);
  if (asks && answers.size() <= kMostButtons && length <= kLongestButtonText &&
      all_differ(answers, kLongestTitle)) {
    interactive = reply_buttons(answers);
    if (!header.is_null()) interactive["header"] = header;
  } else if (asks && header.is_null() && answers.size() <= kMostRows && length <= kLongestListText &&
             all_differ(answers, kLongestRowTitle)) {
    interactive = reply_list(answers);
  } else {
    for (const Json& each : answers) add_line(text, "• " + text_of(each, "title"));
  }
  if (!interactive.is_null()) interactive["body"] = {{"text", text}};
}

}  // namespace whatsapp
