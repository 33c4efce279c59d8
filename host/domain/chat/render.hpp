#pragma once

#include <nlohmann/json_fwd.hpp>

#include "domain/chat/model.hpp"

namespace patchbay::domain::chat {

// As the API shows them: ids are strings, times RFC 3339 in UTC, what is not there is null; texts for people
// are in the reader's `language`.
nlohmann::json to_json(const Chat& chat, const std::string& language);
nlohmann::json to_json(const Message& message, const std::string& language);
nlohmann::json to_json(const Attachment& attachment, const std::string& language);

}  // namespace patchbay::domain::chat
