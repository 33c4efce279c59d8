#pragma once

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "plugin/impl/services/placeholders.hpp"
#include "plugin/services.hpp"
#include "vault/vault.hpp"

namespace patchbay::plugin {

// The token of the first grant under this name that works. `rejected`: a value that the provider took no
// more. Throws Error: not_found for a name that the manifest does not know, unauthenticated when nobody has
// signed in or all have to again, otherwise what the token's source says.
boost::asio::awaitable<GrantToken> grant_token(Services::Parts parts,
                                               std::shared_ptr<InstanceContext> context, std::string name,
                                               Duration min_valid, std::string rejected);

// Whose grant's it is: "account" of "oauth:account" and "grant:account.page_token"; empty for other names.
std::string grant_of(const std::string& name);
// Of `names`, what `token` and its grant give: token, user, password, and secrets that were found for it.
// Throws Error{unauthenticated} "plugin.secret_missing" for a secret that is not set.
boost::asio::awaitable<SecretValues> grant_values(Services::Parts parts,
                                                  std::shared_ptr<InstanceContext> context, GrantToken token,
                                                  SecretNames names);
// Where a secret that a plugin found for a grant is kept.
vault::SecretName found_secret(Id grant, const std::string& name);

}  // namespace patchbay::plugin
