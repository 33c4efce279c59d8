#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "api.hpp"

namespace telegram {

// The calls that send one part of a message, in order; mostly one. More than one where the Bot API cannot say
// it in one call: words with a place, an album with buttons, files of kinds that do not mix. `request` is
// SendRequest of verbs.md. None when there is nothing to see: a part of a long text may be all blank, and
// Telegram refuses that. Pure. Throws Error(PB_INVALID) for what cannot be sent at all.
std::vector<ApiCall> calls_for(const Json& request);

// The same file again as a document, for a picture that Telegram does not take as one (dimensions). False
// when `call` is no single picture.
bool as_document(ApiCall& call);

// Makes one call a file of every album from call `from` on, for an album that Telegram refuses as a whole
// because of one of its pictures. False when there was none.
bool take_apart(std::vector<ApiCall>& calls, std::size_t from);

}  // namespace telegram
