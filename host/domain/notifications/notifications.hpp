#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "store/store.hpp"

// What people are told in the console, read and unread (REC-5).
namespace patchbay::domain::notifications {

// What is to be told.
struct Notice {
  Notice(std::string k, Text t, std::string l) : kind(std::move(k)), text(std::move(t)), link(std::move(l)) {}
  std::string kind;  // "integration.quarantined"; all of them are in this folder's part of the README
  Text text;
  std::string link;  // a path of the console: "/integrations/17"
};

// What somebody was told.
struct Notification {
  Id id = 0;
  std::int64_t at = 0;  // Unix milliseconds
  std::string kind;
  std::string text;  // Text::kept
  std::string link;
  bool read = false;  // by the one who asks
};

// In the caller's transaction: tells users and everybody in roles, by id, now and as long as it is kept. The
// journal says so. Nothing for nobody.
void notify_in(store::Session& session, IdMint& ids, TimePoint now, const std::vector<Id>& audience,
               const Notice& notice);
// Users and roles that are granted an operation themselves.
std::vector<Id> who_may(store::Session& session, const std::string& operation);
// What is older goes, at most `most`; how many there were.
std::int64_t sweep(store::Session& session, TimePoint before, std::int64_t most);
// How long they are kept.
inline constexpr Duration kKeep{30LL * 24 * 3'600'000};

// What a user asks about his own and those of his roles. Any thread; the store outlives it.
class Notifications {
 public:
  explicit Notifications(store::Store& store) : store_(store) {}

  // The newest first, before `before` (0: from the newest).
  boost::asio::awaitable<std::vector<Notification>> list(Id user, bool unread_only, Id before,
                                                         std::size_t limit);
  boost::asio::awaitable<std::int64_t> unread(Id user);
  // Throws Error{not_found} for one that does not concern him.
  boost::asio::awaitable<void> mark_read(Id user, Id notification);
  // All up to this one (0: all).
  boost::asio::awaitable<void> mark_all_read(Id user, Id until);
  // Himself and his roles, with those above them; sorted.
  boost::asio::awaitable<std::vector<Id>> holders_of(Id user);

 private:
  store::Store& store_;
};

}  // namespace patchbay::domain::notifications
