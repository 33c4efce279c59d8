#pragma once

#include <map>
#include <string>
#include <vector>

#include "lifecycle/impl/shared.hpp"
#include "lifecycle/lifecycle.hpp"
#include "port/message.hpp"

namespace patchbay::lifecycle {

// The request of pb.lifecycle/1:configure.
std::string configure_request(const plugin::Integration& integration, const std::vector<std::string>& secrets,
                              const Shared& shared, const std::map<std::string, std::string>& routes,
                              const Lifecycle::Parts& parts);

// What a check answered. Throws Error{unavailable} when the answer is none that a plugin may give.
CheckReport read_check(const plugin::Manifest& manifest, const port::Result& result);

// The findings in a result's message.
std::vector<Diagnostic> read_diagnostics(const plugin::Manifest& manifest, const std::string& message);

Error plugin_missing(const plugin::Integration& integration);

// A failing result as an error of ours: its text and its findings.
Error error_of(const plugin::Manifest& manifest, const port::Result& result);

// Whatever a plugin or its provider says ends an activation or a set-up in one way: invalid, with findings.
// What ends since the host stops, or for want of the store, is told as that.
Error as_refusal(const Error& error);

bool has_errors(const std::vector<Diagnostic>& diagnostics);

}  // namespace patchbay::lifecycle
