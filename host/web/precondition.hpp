#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "web/router.hpp"

// Optimistic locking: a resource shows its version as an ETag, and who changes it says which version he has
// seen (RFC 9110, 13.1.1; RFC 6585, 3).
namespace patchbay::web {

// What it says of itself in OpenAPI.
inline constexpr const char* kIfMatch = "The ETag of the version that is to be changed, or *";

// "\"3\""
std::string etag_of(std::int64_t version);
void add_etag(Response& response, std::int64_t version);

// The version in If-Match; nothing for "*", which is any. Throws StatusError 428 where it is missing, 412 for
// what is no ETag of ours.
std::optional<std::int64_t> wanted_version(const Call& call);

// For routes that change what has a version: another version by now is answered with 412.
Handler guarded(Handler handler);

}  // namespace patchbay::web
