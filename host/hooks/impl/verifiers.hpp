#pragma once

#include <memory>

#include <nlohmann/json_fwd.hpp>

#include "hooks/verifier.hpp"

namespace patchbay::hooks {

// Values of every reference in a field. References to plain text are refused: what stands in a manifest is no
// secret.
std::vector<std::string> secrets_field(const nlohmann::json& spec, const std::string& field,
                                       const SecretLookup& lookup);

std::unique_ptr<const Verifier> compile_hmac(const std::string& spec, const SecretLookup& lookup);
std::unique_ptr<const Verifier> compile_jwt(const std::string& spec, const SecretLookup& lookup);

}  // namespace patchbay::hooks
