#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::domain::routing {

// A language tag (BCP 47: language[-Script][-REGION]) as it is written: "en", "pt-BR", "zh-Hant-TW"; nothing
// for what is none.
std::optional<std::string> language_tag(std::string_view text);
// "pt" of "pt-BR": what clients of one language have in common.
std::string primary_language(std::string_view tag);

}  // namespace patchbay::domain::routing
