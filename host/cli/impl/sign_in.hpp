#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "cli/api_client.hpp"

namespace patchbay::cli {

// Lets somebody sign in for a grant of a plugin (as GET /api/v1/plugins/{id} shows it): says where to go and
// waits, or asks for a user name and a password. `wanted`: who it is for, as POST /api/v1/sign-ins takes it.
// Throws Error{invalid} with the reason when it fails.
void sign_in_at(ApiClient& api, const nlohmann::json& plugin, const std::string& grant, nlohmann::json wanted,
                bool on_device);

}  // namespace patchbay::cli
