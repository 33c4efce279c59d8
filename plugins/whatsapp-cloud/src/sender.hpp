#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <patchbay/plugin.hpp>

#include "line.hpp"

namespace whatsapp {

// pb.channel/1:send. WhatsApp knows no repeat-safe sending, but a status says what we called the message
// (biz_opaque_callback_data): one that comes soon after a lost answer tells that it was taken.
class Sender {
 public:
  Sender(const patchbay::Host& host, const Line& line) : host_(host), line_(line) {}

  patchbay::Task<patchbay::SendReply> send(Json request);
  // A webhook has told what became of messages: receipts_in() its body.
  void learn(const Json& receipts);

 private:
  // What WhatsApp calls the file from now on (for 30 days). Repeated safely: an upload that nobody uses goes.
  patchbay::Task<std::string> upload(Json file) const;
  patchbay::Task<std::string> make(Json message);
  // Waits for a status of the message; "" when none comes.
  patchbay::Task<std::string> told_meanwhile(std::string key) const;

  const patchbay::Host& host_;
  const Line& line_;
  std::map<std::string, std::string> told_;  // our key to WhatsApp's id, of the last statuses
  std::deque<std::string> order_;            // their keys, the oldest first
};

}  // namespace whatsapp
