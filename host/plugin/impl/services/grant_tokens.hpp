#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "plugin/services.hpp"

namespace patchbay::plugin {

// The token of the first grant under this name that works. `rejected`: a value that the provider took no
// more. Throws Error: not_found for a name that the manifest does not know, unauthenticated when nobody has
// signed in or all have to again, otherwise what the token's source says.
boost::asio::awaitable<GrantToken> grant_token(Services::Parts parts,
                                               std::shared_ptr<InstanceContext> context, std::string name,
                                               Duration min_valid, std::string rejected);

}  // namespace patchbay::plugin
