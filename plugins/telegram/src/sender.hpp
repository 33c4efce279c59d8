#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
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

// How far a part with several calls came.
struct Progress {
  std::vector<Made> made;            // of the calls that have worked, in order
  std::optional<std::size_t> apart;  // albums from this call on go out file by file
};

// What an attempt came to.
struct Attempt {
  explicit Attempt(Progress progress_) : progress(std::move(progress_)) {}
  Progress progress;
  std::optional<patchbay::Error> failed;
};

// pb.channel/1:send. The progress of a part that the host will repeat is kept under its idempotency key, so
// that the repeated one goes on there, whatever became of this process.
class Sender {
 public:
  Sender(const patchbay::Host& host, const Api& api) : host_(host), api_(api) {}

  patchbay::Task<patchbay::SendReply> send(Json request);

 private:
  // Makes one call, again with the chat's new id or as a document where Telegram asks for that.
  patchbay::Task<Made> deliver(ApiCall call);
  // Makes the calls that are left.
  patchbay::Task<Attempt> go_on(Json request, Progress progress);
  patchbay::Task<Progress> load(std::string key) const;
  patchbay::Task<void> keep(std::string key, Json progress) const;

  const patchbay::Host& host_;
  const Api& api_;
  Pauses pauses_;
};

}  // namespace telegram
