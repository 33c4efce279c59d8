#pragma once

#include <string>

#include <patchbay/plugin.hpp>

#include "api.hpp"
#include "senders.hpp"

namespace twilio {

// pb.setup/1:step (WA-1): number and account, a message to the verification number that has to arrive, and
// for numbers whose webhook Twilio lets no program set, the addresses to paste.
class Setup {
 public:
  Setup(const patchbay::Host& host, Api& api, const Senders& senders)
      : host_(host), api_(api), senders_(senders) {}

  patchbay::Task<patchbay::StepReply> step(patchbay::StepRequest request,
                                           patchbay::Configuration configuration);

 private:
  // The account answers and the number is one of its senders: else Error(PB_INVALID) with what is wrong.
  patchbay::Task<std::string> check(patchbay::Configuration configuration);
  patchbay::Task<std::string> send_verification(std::string to, std::string site_url) const;
  // Waits a while for Twilio's report. True: it has arrived. Throws Error(PB_INVALID) with the reason when it
  // will not.
  patchbay::Task<bool> has_arrived(std::string sid) const;
  patchbay::Task<patchbay::StepReply> after_arrival(Json settings, std::string name,
                                                    patchbay::Configuration configuration) const;
  patchbay::Error not_arrived(const patchbay::Error& why) const;

  const patchbay::Host& host_;
  Api& api_;
  const Senders& senders_;
};

}  // namespace twilio
