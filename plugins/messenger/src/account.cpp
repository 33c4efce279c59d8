#include "account.hpp"

#include <algorithm>
#include <optional>

#include "using.hpp"

namespace messenger {
namespace {

using meta::As;
using meta::Effect;
using meta::GraphCall;
using patchbay::Error;
using patchbay::Task;

const As& person() {
  static const As* const who = new As(As::token("{{oauth:account}}"));
  return *who;
}

// The same person by the long-lived token that was made of it.
const As& keeper() {
  static const As* const who = new As(As::token("{{grant:account.user_token}}"));
  return *who;
}

constexpr int kMostAnswers = 50;  // pages of the list of pages, of 100 each
constexpr const char* kNeeded[] = {"pages_show_list", "pages_messaging", "pages_manage_metadata"};

bool may_write(const Json& page) {
  const Json& tasks = member(page, "tasks");
  if (!tasks.is_array()) return true;  // not told
  return std::any_of(tasks.begin(), tasks.end(),
                     [](const Json& task) { return task == "MESSAGING" || task == "MANAGE"; });
}

bool is_public(const Json& page) {
  return !has(page, "is_published") || flag_of(page, "is_published");
}

void add_page(std::vector<Page>& pages, const Json& each) {
  Page page;
  page.id = id_of(each, "id");
  page.name = text_of(each, "name");
  page.token = text_of(each, "access_token");
  if (page.id.empty() || page.token.empty() || !is_public(each) || !may_write(each)) return;
  if (page.name.empty()) page.name = page.id;
  pages.push_back(std::move(page));
}

// Says nothing about a token.
bool is_passing(const Error& error) {
  return error.code == PB_UNAVAILABLE || error.code == PB_RATE_LIMITED || error.code == PB_DEADLINE ||
         error.code == PB_CANCELLED;
}

}  // namespace

Task<Json> Account::call(GraphCall call) const {
  GraphCall first = call;
  std::optional<Error> failed;
  try {
    Json answer = co_await graph_.call(std::move(first));
    co_return answer;
  } catch (const Error& error) {
    failed = error;
  }
  if (failed->code != PB_UNAUTHENTICATED || !(call.as == As::own())) throw std::move(*failed);
  std::optional<Error> kept;
  try {
    co_await renew_page_token();
  } catch (const Error& error) {
    kept = error;
  }
  // Whatever keeps it from being renewed but silence, somebody has to sign in.
  if (kept) throw is_passing(*kept) ? *kept : *failed;
  Json answer = co_await graph_.call(std::move(call));
  co_return answer;
}

Task<void> Account::extend() const {
  GraphCall call("GET", "oauth/access_token", Effect::reads, As::nobody());
  call.query = {{"grant_type", "fb_exchange_token"},
                {"client_id", graph_.place().app_id},
                {"client_secret", "{{profile:app_secret}}"},
                {"fb_exchange_token", "{{oauth:account}}"}};
  const Json answer = co_await graph_.call(std::move(call));
  std::string token = text_of(answer, "access_token");
  if (token.empty()) throw failure(PB_UNAVAILABLE, "messenger.unavailable", {{"status", 200}});
  co_await host_.put_grant_secret("account", "user_token", std::move(token));
}

Task<Permissions> Account::permissions() const {
  GraphCall call("GET", "me/permissions", Effect::reads, person());
  const Json answer = co_await graph_.call(std::move(call));
  std::vector<std::string> given;
  if (const Json& all = member(answer, "data"); all.is_array()) {
    for (const Json& each : all) {
      if (text_of(each, "status") == "granted") given.push_back(text_of(each, "permission"));
    }
  }
  const auto has_given = [&](const std::string& name) {
    return std::find(given.begin(), given.end(), name) != given.end();
  };
  Permissions out;
  for (const char* needed : kNeeded) {
    if (!has_given(needed)) out.missing.emplace_back(needed);
  }
  out.sees_business_pages = has_given("business_management");
  co_return out;
}

Task<std::vector<Page>> Account::pages() const {
  std::vector<Page> pages;
  std::string after;
  for (int answers = 0; answers < kMostAnswers; ++answers) {
    GraphCall call("GET", "me/accounts", Effect::reads, keeper());
    call.query = {{"fields", "id,name,access_token,tasks,is_published"}, {"limit", "100"}};
    put(call.query, "after", after);
    const Json answer = co_await graph_.call(std::move(call));
    if (const Json& all = member(answer, "data"); all.is_array()) {
      for (const Json& each : all) add_page(pages, each);
    }
    const Json& paging = member(answer, "paging");
    after = text_of(member(paging, "cursors"), "after");
    if (after.empty() || !has(paging, "next")) break;
  }
  co_return pages;
}

Task<std::string> Account::fresh_page_token() const {
  GraphCall call("GET", page_, Effect::reads, keeper());
  call.query = {{"fields", "access_token"}};
  const Json answer = co_await graph_.call(std::move(call));
  co_return text_of(answer, "access_token");
}

// The token of the sign-in itself lives for an hour or two, the one that was made of it for 60 days: that one
// is asked first. It is made anew when it is refused, as after another sign-in.
Task<void> Account::renew_page_token() const {
  std::string token;
  std::optional<Error> refused;
  try {
    token = co_await fresh_page_token();
  } catch (const Error& error) {
    refused = error;
  }
  if (refused && is_passing(*refused)) throw std::move(*refused);
  if (refused) {
    co_await extend();
    token = co_await fresh_page_token();
  }
  if (token.empty()) throw failure(PB_UNAUTHENTICATED, "messenger.token_dead");
  co_await host_.put_secret("page_token", std::move(token));
  host_.log(PB_INFO, "The token of the page was renewed", {{"page", page_}});
}

}  // namespace messenger
