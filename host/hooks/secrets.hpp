#pragma once

#include <functional>
#include <string>
#include <vector>

namespace patchbay::hooks {

// The values behind a reference of a manifest ("secret:webhook_secret", "profile:client_secret"): more than
// one while a secret is being changed, none when it is not set. Called while mounting only, never per
// request.
using SecretLookup = std::function<std::vector<std::string>(const std::string& reference)>;

// The values for a reference; "text:<t>" stands for t itself. Empty values count as not set, since everybody
// knows them. Throws Error{unavailable} "hooks.secret_missing" when there is none: a check without a secret
// is no check.
std::vector<std::string> look_up(const SecretLookup& lookup, const std::string& reference);

}  // namespace patchbay::hooks
