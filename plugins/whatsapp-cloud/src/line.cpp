#include "line.hpp"

#include <optional>

#include "dialect.hpp"
#include "templates.hpp"

namespace whatsapp {
namespace {

using meta::As;
using meta::Effect;
using meta::GraphCall;
using patchbay::Error;
using patchbay::FileReply;
using patchbay::Task;

constexpr int kMostAnswers = 20;  // pages of 100 entries

meta::GraphPlace place_of(const Json& settings) {
  return meta::GraphPlace(settings, "secret:access_token", "secret:app_secret");
}

}  // namespace

LineState::LineState(const Json& node)
    : number(text_of(node, "display_phone_number")),
      name(text_of(node, "verified_name")),
      state(text_of(node, "status")),
      quality(text_of(node, "quality_rating")) {
  const Json& addresses = member(node, "webhook_configuration");
  of_number = text_of(addresses, "phone_number");
  of_account = text_of(addresses, "whatsapp_business_account");
  of_app = text_of(addresses, "application");
}

std::string LineState::trouble() const {
  if (state == "PENDING" || state == "UNVERIFIED") return "whatsapp.not_registered";
  if (!state.empty() && state != "CONNECTED") return "whatsapp.number_state";
  return quality == "RED" ? "whatsapp.quality_red" : "";
}

std::string LineState::callback() const {
  if (!of_number.empty()) return of_number;
  return of_account.empty() ? of_app : of_account;
}

Line::Line(const patchbay::Host& host) : graph_(host, dialect(), place_of(Json())) {}

void Line::use(const Json& settings) {
  graph_.use(place_of(settings));
  phone_ = text_of(settings, "phone_number_id");
  account_ = text_of(settings, "account_id");
  state_ = LineState();
}

Task<void> Line::know_app() {
  if (!graph_.place().app_id.empty()) co_return;
  GraphCall call("GET", "app", Effect::reads);
  call.query = {{"fields", "id,name"}};
  const Json app = co_await graph_.call(std::move(call));
  meta::GraphPlace place = graph_.place();
  place.app_id = id_of(app, "id");
  if (place.app_id.empty()) throw failure(PB_UNAVAILABLE, "whatsapp.unavailable", {{"status", 200}});
  graph_.use(std::move(place));
}

Task<Json> Line::about_token() const {
  GraphCall call("GET", "debug_token", Effect::reads, As::app());
  call.query = {{"input_token", "{{secret:access_token}}"}};
  const Json answer = co_await graph_.call(std::move(call));
  co_return member(answer, "data");
}

Task<LineState> Line::ask() {
  GraphCall call("GET", phone_, Effect::reads);
  call.query = {
      {"fields", "id,display_phone_number,verified_name,quality_rating,status,webhook_configuration"}};
  const Json node = co_await graph_.call(std::move(call));
  state_ = LineState(node);
  co_return state_;
}

Task<Json> Line::all_of(std::string path, std::string fields) const {
  Json all = Json::array();
  std::string after;
  for (int answers = 0; answers < kMostAnswers; ++answers) {
    GraphCall call("GET", path, Effect::reads);
    call.query = {{"fields", fields}, {"limit", "100"}};
    put(call.query, "after", after);
    const Json answer = co_await graph_.call(std::move(call));
    for (const Json& each : list_of(answer, "data")) all.push_back(each);
    const Json& paging = member(answer, "paging");
    after = text_of(member(paging, "cursors"), "after");
    if (after.empty() || !has(paging, "next")) break;
  }
  co_return all;
}

Task<std::vector<std::string>> Line::numbers() const {
  std::string path = account_ + "/phone_numbers";
  const Json all = co_await all_of(std::move(path), "id");
  std::vector<std::string> ids;
  for (const Json& each : all) ids.push_back(id_of(each, "id"));
  co_return ids;
}

Task<std::vector<patchbay::Template>> Line::templates() const {
  std::string path = account_ + "/message_templates";
  const Json all = co_await all_of(std::move(path), "name,language,status,category,components");
  std::vector<patchbay::Template> out;
  for (const Json& each : all) {
    if (auto usable = template_of(each)) out.push_back(std::move(*usable));
  }
  co_return out;
}

// An address of a file holds for five minutes, so it is asked for each time; and once more when it has just
// ended.
Task<FileReply> Line::fetch(Json file) const {
  for (int tries = 0;; ++tries) {
    GraphCall call("GET", text_of(file, "id"), Effect::reads);
    call.query = {{"phone_number_id", phone_}};
    const Json media = co_await graph_.call(std::move(call));
    std::string url = text_of(media, "url");
    if (url.empty()) throw failure(PB_NOT_FOUND, "whatsapp.file_gone");
    std::string name = text_of(file, "name");
    std::string type = text_of(file, "type");
    std::optional<Error> failed;
    try {
      FileReply reply = co_await graph_.download(std::move(url), std::move(name), std::move(type), As::own());
      co_return reply;
    } catch (const Error& error) {
      failed = error;
    }
    if (failed->code != PB_NOT_FOUND || tries > 0) throw std::move(*failed);
  }
}

}  // namespace whatsapp
