#pragma once

#include <patchbay/texts.hpp>

// Short names for what the SDK has.
namespace twilio {

using patchbay::english;
using patchbay::failure;
using patchbay::finding;
using patchbay::in_all_languages;
using patchbay::is_text;
using patchbay::Json;

}  // namespace twilio
