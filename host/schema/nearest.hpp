#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace patchbay::schema {

// The candidate that a mistyped word most likely meant (edit distance, at most a third of its length); empty
// when none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace patchbay::schema
