#pragma once

#include <patchbay/read.hpp>
#include <patchbay/texts.hpp>
#include <patchbay/words.hpp>

// Short names for what the SDK has.
namespace webchat {

using patchbay::add_line;
using patchbay::english;
using patchbay::failure;
using patchbay::finding;
using patchbay::Json;
using patchbay::member;
using patchbay::text_of;

}  // namespace webchat
