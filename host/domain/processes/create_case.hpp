#pragma once

#include "domain/processes/process.hpp"
#include "domain/records/editor.hpp"

namespace patchbay::domain::processes {

// CreateCaseFromChat (CHAT-18): a case of a chat and its client's contact. Parameters: ChatId, ContactId (may
// be left out: whom the chat's client was matched to, if anybody). Result: {"CaseId", "Number"}. `tools`
// outlives it.
BuiltIn create_case_from_chat(records::Tools& tools);

}  // namespace patchbay::domain::processes
