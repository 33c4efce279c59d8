#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/chats.hpp"
#include "domain/chat/model.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// Which messages are wanted (CHAT-14); what is not set does not matter.
struct Wanted {
  std::string text;  // words, each also as the beginning of a longer one, and "phrases"; all must be there
  std::optional<Id> client;
  std::optional<Id> integration;
  std::optional<Id> queue;  // of the chat, now or at its end
  std::optional<Id> owner;  // who has the chat, or had it at its end
  std::optional<TimePoint> from;
  std::optional<TimePoint> to;  // not included
};

// The terms of a search, cut at spaces and quotes: case, accents and punctuation do not matter. Without
// letters and digits there is none.
struct Term {
  std::string words;
  bool whole = false;  // as it is, not as a beginning
};
std::vector<Term> terms_of(std::string_view text);

// Searches what was said, newest first. Any thread; all outlive it.
class Search {
 public:
  Search(store::Store& store, const Clock& clock, IdMint& ids) : store_(store), clock_(clock), ids_(ids) {}

  // Throws Error{invalid} "domain.chat.cursor", and "domain.chat.no_words" for a text without words.
  boost::asio::awaitable<Page<Message>> find(Wanted wanted, std::string cursor, std::size_t limit);

 private:
  store::Store& store_;
  const Clock& clock_;
  IdMint& ids_;
};

}  // namespace patchbay::domain::chat
