#pragma once

#include <functional>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/model.hpp"
#include "domain/records/contacts.hpp"
#include "domain/records/records.hpp"
#include "log/log.hpp"
#include "store/store.hpp"

namespace patchbay::domain::chat {

// A client who is no contact yet, and writes.
struct Stranger {
  Stranger(Id integration_, Client client_, bool alone_)
      : integration(integration_), client(std::move(client_)), alone(alone_) {}
  Id integration;
  Client client;
  bool alone;  // with us, not in a group
};

// Who of the contacts the clients of channels are (CHAT-15). Any thread; all outlive it.
class ClientContacts {
 public:
  struct Parts {
    Parts(store::Store& s, const Clock& c, IdMint& i, records::Records& r, records::Contacts& k)
        : store(s), clock(c), ids(i), records(r), contacts(k) {}
    store::Store& store;
    const Clock& clock;
    IdMint& ids;
    records::Records& records;
    records::Contacts& contacts;
    // Whoever writes first becomes a contact; else operators make one. Any thread.
    std::function<bool()> creates = [] { return true; };
    log::Logger logger = log::Logger::none();
  };
  // From now on clients follow when contacts are merged, and have none when theirs is removed.
  explicit ClientContacts(Parts parts);

  // In the transaction that takes what he writes (ChatSink). By what the channel calls him, then by telephone
  // and e-mail; who is none becomes one, unless he writes in a group. Where what he is may be no contact (an
  // admin wants something of it that he has not), he stays without: it stops no message (REC-6).
  void meet(store::Session& session, const Stranger& stranger);

  // The client of a chat is this contact; is found or made one now; is none, and is not matched by himself
  // any more. `only_own`: in a chat that is in progress with `who`, else Error{denied}
  // "domain.routing.not_yours". Throws Error{not_found} for a chat or contact that is none, Error{conflict}
  // "domain.chat.no_one_client" for a chat of many, and as records::Records does for whom contacts do not
  // let.
  boost::asio::awaitable<Chat> link(Id chat, Id contact, records::Asker who, bool only_own);
  boost::asio::awaitable<Chat> make(Id chat, records::Asker who, bool only_own);
  boost::asio::awaitable<Chat> unlink(Id chat, records::Asker who, bool only_own);

 private:
  class Wish;

  const Parts parts_;
};

}  // namespace patchbay::domain::chat
