#pragma once

#include <nlohmann/json_fwd.hpp>

#include "domain/chat/model.hpp"

namespace patchbay::domain::chat {

// As the API shows them: ids are strings, times RFC 3339 in UTC, what is not there is null.
nlohmann::json to_json(const Chat& chat);
nlohmann::json to_json(const Message& message);
nlohmann::json to_json(const Attachment& attachment);

}  // namespace patchbay::domain::chat
