#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace patchbay {

// "image/jpeg" of "Image/JPEG; q=1".
inline std::string plain_type(std::string type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

// ".jpg" for "image/jpeg", of the types that messengers take; "" for others.
inline std::string file_ending(std::string_view type) {
  struct Known {
    std::string_view type;
    const char* ending;
  };
  static constexpr Known kKnown[] = {
      {"application/msword", ".doc"},
      {"application/pdf", ".pdf"},
      {"application/vnd.ms-excel", ".xls"},
      {"application/vnd.ms-powerpoint", ".ppt"},
      {"application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"},
      {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"},
      {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"},
      {"audio/aac", ".aac"},
      {"audio/amr", ".amr"},
      {"audio/mp4", ".m4a"},
      {"audio/mpeg", ".mp3"},
      {"audio/ogg", ".ogg"},
      {"image/jpeg", ".jpg"},
      {"image/png", ".png"},
      {"image/webp", ".webp"},
      {"text/plain", ".txt"},
      {"text/vcard", ".vcf"},
      {"text/x-vcard", ".vcf"},
      {"video/3gpp", ".3gp"},
      {"video/mp4", ".mp4"},
  };
  const auto* const found = std::find_if(std::begin(kKnown), std::end(kKnown),
                                         [&](const Known& each) { return each.type == type; });
  return found == std::end(kKnown) ? "" : found->ending;
}

}  // namespace patchbay
