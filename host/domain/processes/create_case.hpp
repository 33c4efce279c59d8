#pragma once

#include <functional>

#include "domain/processes/process.hpp"
#include "domain/records/records.hpp"
#include "domain/routing/model.hpp"

namespace patchbay::domain::processes {

// CreateCaseFromChat (CHAT-18): a case of a chat and its client's contact. Parameters: ChatId, ContactId (may
// be left out: whom the chat's client was matched to, if anybody). Result: {"CaseId", "Number"}. Who starts
// it himself reads that chat and may change cases. `terms`: as they are now. References outlive it.
BuiltIn create_case_from_chat(records::Tools& tools, records::Records& records,
                              std::function<routing::Terms()> terms);

}  // namespace patchbay::domain::processes
