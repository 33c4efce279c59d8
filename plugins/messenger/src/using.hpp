#pragma once

#include <patchbay/read.hpp>
#include <patchbay/texts.hpp>
#include <patchbay/words.hpp>

// Short names for what the SDK has.
namespace messenger {

using patchbay::add_line;
using patchbay::english;
using patchbay::excerpt;
using patchbay::failure;
using patchbay::finding;
using patchbay::flag_of;
using patchbay::has;
using patchbay::id_of;
using patchbay::is_blank;
using patchbay::Json;
using patchbay::list_of;
using patchbay::member;
using patchbay::number_of;
using patchbay::put;
using patchbay::text_of;
using patchbay::time_text;
using patchbay::unix_ms_of;

}  // namespace messenger
