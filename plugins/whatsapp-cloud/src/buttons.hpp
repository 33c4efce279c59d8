#pragma once

#include <string>
#include <vector>

#include "using.hpp"

namespace whatsapp {

// The buttons of a message as WhatsApp can show them. `interactive` is null where it cannot: then they are
// lines of `text`.
struct Buttons {
  // `rows`: as in SendRequest of verbs.md; `text`: what stands above them; `header`: null, or a picture,
  // video or document as WhatsApp takes it there ({"type": "image", "image": {"id"}}). Pure. Throws
  // Error(PB_INVALID) for data that is longer than WhatsApp keeps.
  //
  // Up to three answers are buttons, up to ten a list; one address alone is a button that opens it. Addresses
  // beside answers are lines.
  Buttons(const Json& rows, std::string text, const Json& header);

  std::string text;
  Json interactive;
};

}  // namespace whatsapp
