#pragma once

#include <string>

#include "base/text.hpp"
#include "plugin/manifest.hpp"
#include "port/message.hpp"

namespace patchbay::plugin {

// What a plugin says to people: the words of `message`'s "text_id" in its locales/<language>.json, filled
// with "args" (JSON); an id that it passes on from the host reads as the host's. `fallback`: its English,
// also where it wrote no other.
Text text_of(const Manifest& manifest, const std::string& message, const std::string& fallback);

// Fills in `kept` of a failing result; one of the host's own has it already.
void translate(const Manifest& manifest, port::Result& result);

}  // namespace patchbay::plugin
