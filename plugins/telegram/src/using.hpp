#pragma once

#include <patchbay/read.hpp>
#include <patchbay/texts.hpp>

// Short names for what the SDK has.
namespace telegram {

using patchbay::english;
using patchbay::failure;
using patchbay::finding;
using patchbay::flag_of;
using patchbay::has;
using patchbay::id_of;
using patchbay::Json;
using patchbay::member;
using patchbay::number_of;
using patchbay::put;
using patchbay::text_of;

}  // namespace telegram
