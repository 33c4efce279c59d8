#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.hpp"

namespace patchbay::net {

// The absolute address that a Location header means. Nothing when it means none.
std::optional<std::string> resolve_location(const UrlParts& base, std::string_view location);

// The request that follows `response`, or null when the response is the answer. The new address is not yet
// checked.
std::shared_ptr<const HttpRequest> follow(const HttpRequest& request, const UrlParts& url,
                                          const HttpResponse& response);

}  // namespace patchbay::net
