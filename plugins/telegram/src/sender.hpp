#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api.hpp"

namespace telegram {

// Which chats Telegram has asked to pause. One chat is a matter of that chat, several at once of the whole
// bot.
class Pauses {
 public:
  // `chat` must wait until `until` (milliseconds). Answers the scope of the pause: "conversation" or
  // "integration".
  std::string add(const std::string& chat, std::int64_t now, std::int64_t until);

 private:
  std::map<std::string, std::int64_t> until_;
};

// What one call made.
struct Made {
  std::vector<std::string> ids;
  std::string at;        // RFC 3339, or empty
  std::string moved_to;  // the chat's new id, when it got one
};

// pb.channel/1:send. Remembers how far a part with several calls came, so that a repeated one goes on there.
class Sender {
 public:
  Sender(const patchbay::Host& host, const Api& api) : host_(host), api_(api) {}

  patchbay::Task<patchbay::SendReply> send(Json request);

 private:
  // Makes one call, again with the chat's new id or as a document where Telegram asks for that.
  patchbay::Task<Made> deliver(ApiCall call);
  std::vector<Made> take(const std::string& key);
  void keep(std::string key, std::vector<Made> made);

  const patchbay::Host& host_;
  const Api& api_;
  Pauses pauses_;
  std::vector<std::pair<std::string, std::vector<Made>>> unfinished_;  // by idempotency key; oldest first
};

}  // namespace telegram
