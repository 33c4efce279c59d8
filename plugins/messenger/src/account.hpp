#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "meta/graph.hpp"
#include "using.hpp"

namespace messenger {

// A page that somebody manages.
struct Page {
  std::string id;
  std::string name;
  std::string token;
};

// What Facebook was asked to allow, and what of it was left out.
struct Permissions {
  std::vector<std::string> missing;  // without these nothing works
  bool sees_business_pages = true;   // pages that belong to a business are listed
};

// What one sign-in gives: pages and their tokens. The calls that need a page's token go through it, because a
// dead one is replaced by a fresh one of the person who signed in, as long as that sign-in holds (FB-5). On
// the instance's strand.
class Account {
 public:
  Account(const patchbay::Host& host, const meta::Graph& graph) : host_(host), graph_(graph) {}

  void use(std::string page) { page_ = std::move(page); }
  const std::string& page() const { return page_; }

  // A call as the page. When its token is dead it is renewed and the call made once more. Throws Error:
  // PB_UNAUTHENTICATED when somebody has to sign in.
  patchbay::Task<Json> call(meta::GraphCall call) const;

  // Makes a long-lived token of that of the sign-in: page tokens made with it have no end of their own. It is
  // kept with the grant.
  patchbay::Task<void> extend() const;
  patchbay::Task<Permissions> permissions() const;
  // The public pages on which the person may write messages.
  patchbay::Task<std::vector<Page>> pages() const;

 private:
  patchbay::Task<void> renew_page_token() const;
  // By the long-lived token of the sign-in; empty when Meta gives none.
  patchbay::Task<std::string> fresh_page_token() const;

  const patchbay::Host& host_;
  const meta::Graph& graph_;
  std::string page_;
};

}  // namespace messenger
