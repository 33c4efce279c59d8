#pragma once

#include "store/blobs.hpp"
#include "store/store.hpp"
#include "web/http_message.hpp"

namespace patchbay::web {

// The file, or the range of it that `request` asks for (RFC 9110, 14.2), in pieces as it is sent. What a
// browser could run is offered for saving. Throws StatusError 416. `store` outlives the response.
Response file_response(store::Store& store, const store::Blob& blob, const Request& request);

}  // namespace patchbay::web
