#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay {

// A sentence for a person: an id of the message catalogues (host/<module>/locales/<language>.json) and its
// arguments. It becomes words only when the reader's language is known. An argument that is the kept form of
// another text reads in that language too. Values are copied; any thread.
class Text {
 public:
  using Args = std::vector<std::pair<std::string, std::string>>;

  Text() = default;
  explicit Text(std::string id, Args args = {});

  // Words that exist in no catalogue of the host, e.g. what a plugin or a provider said. Same in every
  // language.
  static Text verbatim(std::string words);

  // Words that others than the host have in several languages; "en" is among them.
  static Text in_each(std::map<std::string, std::string> words);

  // How a text stands in a row until somebody reads it: its words where every language that the host speaks
  // has the same, else JSON: {"en": "...", "ru": "..."}. They stay true when the plugin or the catalogue that
  // they come from is another one by then.
  std::string kept() const;
  // What `kept` made; anything else, as rows of former versions hold, is words.
  static Text from_kept(std::string_view kept);

  // `language` is a BCP 47 tag; unknown ones, and ids without a translation, read as English.
  std::string in(std::string_view language) const;
  std::string english() const { return in("en"); }

  const std::string& id() const { return id_; }
  const Args& args() const { return args_; }
  // Whether the host's catalogues have its id.
  bool is_known() const;
  bool empty() const { return id_.empty() && words_.empty(); }

 private:
  std::string id_;
  std::string words_;                              // in English where there is no id
  std::map<std::string, std::string> translated_;  // these words in other languages
  Args args_;
};

// Of the message catalogues.
std::vector<std::string> languages();

// The first language of an Accept-Language header (RFC 9110, 12.5.4) or of a LANG value that the host speaks;
// else "en".
std::string language_of(std::string_view accept_language);

}  // namespace patchbay
