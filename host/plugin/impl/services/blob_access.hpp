#pragma once

#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "plugin/services.hpp"
#include "store/blobs.hpp"

namespace patchbay::plugin {

// The blob, if this instance may read it: its own, or one that a message through it carries. Throws
// Error{not_found} "store.blob_missing".
store::Blob readable_blob(store::Session& session, const InstanceContext& context, Id id);

// Gives `length` bytes of a blob piece by piece, from `offset` on, an empty one at the end. `store` outlives
// it.
std::function<boost::asio::awaitable<std::string>()> blob_reader(store::Store& store, Id id,
                                                                 std::int64_t offset, std::int64_t length);

}  // namespace patchbay::plugin
