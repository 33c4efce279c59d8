#include "setup.hpp"

#include <algorithm>
#include <utility>

#include "translate.hpp"
#include "using.hpp"

namespace messenger {
namespace {

using patchbay::Error;
using patchbay::NewIntegration;
using patchbay::StepReply;
using patchbay::StepRequest;
using patchbay::Task;

// Nothing works without these, so the person signs in once more.
void refuse_missing(const Permissions& permissions) {
  if (permissions.missing.empty()) return;
  std::string names;
  for (const std::string& each : permissions.missing) names += (names.empty() ? "" : ", ") + each;
  Error error = failure(PB_INVALID, "messenger.permissions_missing", {{"permissions", names}});
  for (const std::string& each : permissions.missing) error.with(finding("", "messenger.without_" + each));
  throw std::move(error);
}

StepReply sign_in() {
  StepReply step("account", "Sign in with Facebook");
  step.description = "Tick every page that shall be connected, and leave all permissions switched on.";
  step.sign_in = "account";
  return step;
}

StepReply choose(const std::vector<Page>& pages, bool all_listed) {
  Json ids = Json::array();
  Json titles = Json::object();
  for (const Page& page : pages) {
    ids.push_back(page.id);
    titles[page.id] = page.name;
  }
  const Json item = {{"type", "string"}, {"enum", ids}, {"x-titles", titles}};
  const Json field = {
      {"type", "array"}, {"title", "Pages"}, {"items", item}, {"minItems", 1}, {"uniqueItems", true}};
  // A step of its own name, so that its words exist in every language.
  StepReply step(all_listed ? "pages" : "own_pages", "Choose pages");
  step.description = "Each page becomes a channel with the name of the page.";
  if (!all_listed) {
    step.description +=
        " Without the permission business_management, pages that belong to a business are not listed.";
  }
  step.schema = {{"type", "object"},
                 {"additionalProperties", false},
                 {"required", Json::array({"pages"})},
                 {"properties", {{"pages", field}}}};
  step.state = {{"v", 1}};
  return step;
}

bool is_chosen(const Json& input, const std::string& page) {
  const Json& chosen = member(input, "pages");
  return chosen.is_array() && std::find(chosen.begin(), chosen.end(), Json(page)) != chosen.end();
}

StepReply made_of(const std::vector<Page>& pages, const Json& input) {
  std::vector<NewIntegration> made;
  for (const Page& page : pages) {
    if (!is_chosen(input, page.id)) continue;
    NewIntegration one(page.name, identity_of(page.id), {{"page_id", page.id}});
    one.secrets["page_token"] = page.token;
    made.push_back(std::move(one));
  }
  if (made.empty()) {
    Error error = failure(PB_INVALID, "messenger.no_such_pages");
    error.with(finding("/pages", "messenger.no_such_pages"));
    throw std::move(error);
  }
  return StepReply(std::move(made));
}

Task<std::vector<Page>> listed(const Account& account) {
  co_await account.extend();
  std::vector<Page> pages = co_await account.pages();
  if (pages.empty()) throw failure(PB_INVALID, "messenger.no_pages");
  co_return pages;
}

}  // namespace

Task<StepReply> next_step(const Account& account, StepRequest request) {
  if (request.step.empty()) co_return sign_in();
  if (request.step == "account") {
    const Permissions permissions = co_await account.permissions();
    refuse_missing(permissions);
    const std::vector<Page> pages = co_await listed(account);
    co_return choose(pages, permissions.sees_business_pages);
  }
  if (request.step != "pages" && request.step != "own_pages")
    throw failure(PB_INVALID, "messenger.no_step", {{"step", request.step}});
  const std::vector<Page> pages = co_await listed(account);
  co_return made_of(pages, request.input);
}

Task<std::vector<patchbay::Choice>> page_choices(const Account& account) {
  const std::vector<Page> pages = co_await listed(account);
  std::vector<patchbay::Choice> out;
  for (const Page& page : pages) out.emplace_back(page.id, page.name);
  co_return out;
}

}  // namespace messenger
