#pragma once

#include <string>
#include <vector>

#include <patchbay/plugin.hpp>

#include "account.hpp"

namespace messenger {

// What an attempt came to.
struct Attempt {
  std::vector<std::string> made;  // messages of the calls that have worked, in order
  std::optional<patchbay::Error> failed;
};

// pb.channel/1:send. How far a part of several messages came is kept under its idempotency key while the host
// will repeat it, so that the repeated one goes on there, whatever became of this process.
class Sender {
 public:
  Sender(const patchbay::Host& host, const Account& account) : host_(host), account_(account) {}

  // `human_agent`: of the settings.
  patchbay::Task<patchbay::SendReply> send(Json request, bool human_agent) const;

 private:
  // Makes the calls that are left.
  patchbay::Task<Attempt> go_on(std::vector<meta::GraphCall> calls, Attempt attempt) const;
  patchbay::Task<void> keep(std::string key, Json made) const;

  const patchbay::Host& host_;
  const Account& account_;
};

}  // namespace messenger
