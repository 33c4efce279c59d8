#pragma once

#include <optional>

#include <patchbay/templates.hpp>

#include "using.hpp"

namespace whatsapp {

// A template of `/{account}/message_templates` as an agent may send it: none for those that are not approved,
// or need what an agent cannot fill in (codes to sign in, catalogues, flows). Pure.
//
// Its id is "<name>/<language>". Variables: those of the text by their own name ("1", "first_name"), that of
// the heading "header.<name>" or, for a picture, "header.image" (an https address), that of an address behind
// a button "button.<place>".
std::optional<patchbay::Template> template_of(const Json& found);

// The part "template" of a message, from `template` of SendRequest. Pure. Throws Error(PB_INVALID) for an id
// that is none.
Json chosen_template(const Json& chosen);

}  // namespace whatsapp
