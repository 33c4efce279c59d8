#pragma once

#include <deque>
#include <optional>
#include <string>

#include <patchbay/plugin.hpp>

#include "api.hpp"

namespace twilio {

// pb.channel/1:send and pb.channel/1:templates.
class Messages {
 public:
  Messages(const patchbay::Host& host, const Api& api) : host_(host), api_(api) {}

  // `status_address`: the public address of the route "status"; empty: none.
  patchbay::Task<patchbay::SendReply> send(Json request, std::string status_address);
  // The approved templates of the account.
  patchbay::Task<std::vector<patchbay::Template>> templates() const;

 private:
  // Makes the message. Where the answer was lost, Twilio's list tells whether it is there (A2 of its sheet:
  // there is no key that would make repeating safe).
  patchbay::Task<Json> make(Form form);
  patchbay::Task<std::optional<Json>> find_again(Form form, std::int64_t since) const;
  void remember(const std::string& sid);

  const patchbay::Host& host_;
  const Api& api_;
  std::deque<std::string> made_;  // ids of the last messages, which a lost one is not
};

}  // namespace twilio
