#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/host.hpp>

#include "form.hpp"
#include "using.hpp"

namespace twilio {

// The account and the number of an integration, and where Twilio is.
struct Account {
  Account() = default;
  // From settings of an integration or the input of a step. Throws Error(PB_INVALID) for an address that is
  // none.
  explicit Account(const Json& settings);

  // Twilio's sandbox has one number for everybody, with participants of each account.
  bool is_sandbox() const { return number == "+14155238886"; }
  std::string address() const { return "whatsapp:" + number; }
  // As pb.lifecycle/1:check answers it.
  std::string identity() const;

  std::string sid;
  std::string number;
  std::string base;  // without a slash at its end; empty: Twilio's own hosts
};

// Twilio's REST API through the host (https://www.twilio.com/docs/usage/api). On the instance's strand. The
// calls throw Error: what the answer means, or what the host says when there was none.
class Api {
 public:
  explicit Api(const patchbay::Host& host) : host_(host) {}

  void use(Account account) { account_ = std::move(account); }
  const Account& account() const { return account_; }

  // The hosts of Twilio's products, or all of them at the address of the settings.
  std::string core() const { return host_of("api"); }
  std::string messaging() const { return host_of("messaging"); }
  std::string content() const { return host_of("content"); }
  // Below the account, "" for itself: "/Messages".
  std::string resource(const std::string& path) const {
    return core() + "/2010-04-01/Accounts/" + account_.sid + path + ".json";
  }

  patchbay::Task<Json> get(std::string url) const;
  // Sends something: repeated only when nothing happened.
  patchbay::Task<Json> post(std::string url, Form form) const;
  // Sets something: may be repeated.
  patchbay::Task<Json> put(std::string url, Json body) const;
  // The text of a small file, which is of a message; "" when it cannot be had soon.
  patchbay::Task<std::string> small_file(std::string url) const;
  // Fetches a file into a blob of the host, over the redirect to where it lies. `about`: name and type that
  // it gets, unless the answer says better ones.
  patchbay::Task<patchbay::FileReply> download(std::string url, Json about) const;

 private:
  std::string host_of(const char* product) const {
    return account_.base.empty() ? std::string("https://") + product + ".twilio.com" : account_.base;
  }
  // For a file: its address comes from a webhook.
  Json file_request(const std::string& url) const;
  // With the account's credentials, which the host fills in.
  Json request(const char* method, const std::string& url) const;

  const patchbay::Host& host_;
  Account account_;
};

// "a.pdf" of `attachment; filename="a.pdf"` (RFC 6266, also filename*); without folders. "" when it names
// none.
std::string file_name_in(const std::string& content_disposition);

}  // namespace twilio
