#pragma once

#include <string>

#include "account.hpp"

namespace messenger {

// pb.channel/1:release: gives a conversation back to the bot (FB-4). By `bot` of the settings: "routing" lets
// it go to the page's default application (Conversation Routing), "handover" passes it to the application
// `bot_app_id` (Handover Protocol, for pages and apps that still have it), "none" does nothing. A
// conversation that is not ours any more is as good as given back.
patchbay::Task<void> give_back(const Account& account, Json settings, std::string person);

}  // namespace messenger
