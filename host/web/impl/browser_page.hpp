#pragma once

#include <string>
#include <string_view>

#include "base/text.hpp"
#include "oauth/sign_ins.hpp"
#include "web/http_message.hpp"

// What pages have in common to which a provider sends the browser of somebody who has signed in.
namespace patchbay::web {

// What the redirect carries. Any bytes are safe.
oauth::Callback read_callback(std::string_view query);

// No script, nothing from elsewhere: the address of such a page holds the code.
Response browser_page(int status, const std::string& language, const Text& title, const std::string& words);

}  // namespace patchbay::web
