#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay {

// A sentence for a person: an id of the message catalogues (host/<module>/locales/<language>.json) and its
// arguments. It becomes words only when the reader's language is known. Values are copied; any thread.
class Text {
 public:
  using Args = std::vector<std::pair<std::string, std::string>>;

  Text() = default;
  explicit Text(std::string id, Args args = {});

  // Words that exist in no catalogue of the host, e.g. what a plugin or a provider said. Same in every
  // language.
  static Text verbatim(std::string words);

  // `language` is a BCP 47 tag; unknown ones, and ids without a translation, read as English.
  std::string in(std::string_view language) const;
  std::string english() const { return in("en"); }

  const std::string& id() const { return id_; }
  const Args& args() const { return args_; }
  bool empty() const { return id_.empty() && words_.empty(); }

 private:
  std::string id_;
  std::string words_;
  Args args_;
};

// The first language of an Accept-Language header (RFC 9110, 12.5.4) or of a LANG value that the host speaks;
// else "en".
std::string language_of(std::string_view accept_language);

}  // namespace patchbay
