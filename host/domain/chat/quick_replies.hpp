#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/actor.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// A text that operators send again and again (CHAT-17).
struct QuickReply {
  Id id = 0;
  std::string name;         // one of a kind in its language
  std::string language;     // of the channels where it is offered
  std::optional<Id> queue;  // only there
  std::string text;         // with macros: "Hello, {{client}}"
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
};

struct QuickReplyChange {
  std::optional<std::string> name;
  std::optional<std::string> language;
  std::optional<std::optional<Id>> queue;
  std::optional<std::string> text;
};

// What a macro stands for: "client", "operator", "queue".
using Macros = std::map<std::string, std::string, std::less<>>;
// Each "{{name}}" replaced, once; one that is none of `macros` stays. Pure.
std::string expand(std::string_view text, const Macros& macros);

// Every change is in the audit log under the name `who`. Any thread; all outlive it. Throws Error{invalid}
// with a diagnostic for each field that cannot be, Error{not_found}, Error{conflict} for a name that is
// taken.
class QuickReplies {
 public:
  QuickReplies(store::Store& store, const Clock& clock, IdMint& ids)
      : store_(store), clock_(clock), ids_(ids) {}

  boost::asio::awaitable<std::vector<QuickReply>> list(Id after, std::size_t limit);
  boost::asio::awaitable<QuickReply> get(Id id);
  boost::asio::awaitable<QuickReply> create(QuickReplyChange wanted, store::Actor who);
  boost::asio::awaitable<QuickReply> change(Id id, QuickReplyChange change, store::Actor who);
  boost::asio::awaitable<void> remove(Id id, store::Actor who);

  // Those for a chat, by name: of its channel's language and its queue, with what macros stand for. Nothing
  // for a chat that is none.
  boost::asio::awaitable<std::vector<QuickReply>> for_chat(Id chat, std::string operator_name);

 private:
  store::Store& store_;
  const Clock& clock_;
  IdMint& ids_;
};

}  // namespace patchbay::domain::chat
