#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "domain/records/records.hpp"
#include "store/store.hpp"

namespace patchbay::domain::records {

// What a channel knows of a person.
struct Identity {
  std::string plugin;       // of the channel
  std::string external_id;  // what the provider calls the person; one of a kind among all of that plugin
  std::vector<std::string> phones;
  std::vector<std::string> emails;
};

// Who of the contacts a client is (CHAT-15), within the caller's transaction, until whose end the contact is
// neither merged nor removed. Any thread; both outlive it.
class Contacts {
 public:
  Contacts(Records& records, Tools& tools) : records_(records), tools_(tools) {}

  // By what the channel calls the person, then by telephone, then by e-mail; of several the oldest.
  std::optional<Id> find(store::Session& session, const Identity& who);
  // The same; who was found by telephone or e-mail is found by the channel's name from then on.
  std::optional<Id> recognize(store::Session& session, const Identity& who);
  // Who is not found becomes one. Two who come with the same person at once get one contact. Throws as
  // Editor::create(), and leaves the transaction whole.
  Id find_or_create(store::Session& session, const Identity& who, const std::string& name,
                    const Author& author);
  // Says which contact the person is, whoever the channel's name stood for before. The one that goes on with
  // it after a merge; nothing where there is none.
  std::optional<Id> assign(store::Session& session, const Identity& who, Id contact);
  // The channel's name finds nobody any more.
  void forget(store::Session& session, const Identity& who);
  // Clients of `other` are those of `kept` afterwards (chat::ClientContacts).
  Record merge(store::Session& session, Id kept, Id other, const Author& author);

 private:
  std::optional<Id> by_address(store::Session& session, const Identity& who);
  std::optional<Id> by_field(store::Session& session, const char* code,
                             const std::vector<std::string>& values);

  Records& records_;
  Tools& tools_;
};

}  // namespace patchbay::domain::records
