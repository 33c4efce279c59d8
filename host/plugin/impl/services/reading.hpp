#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/id.hpp"
#include "port/message.hpp"

namespace patchbay::plugin {

// The request of a verb as a JSON object. Throws Error{invalid} "plugin.bad_request" that names the verb.
nlohmann::json request_of(const port::Call& call);

// Fields of a request. Throw Error{invalid} "plugin.bad_field" that names the field when it is missing or of
// another type.
std::string text_field(const nlohmann::json& request, const char* name);
std::int64_t number_field(const nlohmann::json& request, const char* name);
Id id_field(const nlohmann::json& request, const char* name);
[[noreturn]] void bad_field(const std::string& name);

// A reply. Bytes that are no UTF-8 are replaced.
port::Result reply_of(const nlohmann::json& reply, std::vector<std::string> blobs = {});

}  // namespace patchbay::plugin
