#pragma once

#include <string>

namespace patchbay {

// "a, b, c" of a range of texts.
template <class Words>
std::string joined(const Words& words) {
  std::string out;
  for (const auto& word : words) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

}  // namespace patchbay
