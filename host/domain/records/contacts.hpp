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

// Who of the contacts a client is (CHAT-15), within the caller's transaction. Any thread; both outlive it.
class Contacts {
 public:
  // From now on chats follow when contacts are merged.
  Contacts(Records& records, Tools& tools);

  // By what the channel calls the person, then by telephone, then by e-mail; of several the oldest.
  std::optional<Id> find(store::Session& session, const Identity& who);
  // Who was found by telephone or e-mail is found by the channel's name from then on, and so is a new one.
  // Two who come with the same person at once get one contact.
  Id find_or_create(store::Session& session, const Identity& who, const std::string& name,
                    const Author& author);
  // Chats of `other` are those of `kept` afterwards.
  Record merge(store::Session& session, Id kept, Id other, const Author& author);

 private:
  std::optional<Id> by_field(store::Session& session, const char* code,
                             const std::vector<std::string>& values);

  Records& records_;
  Tools& tools_;
};

}  // namespace patchbay::domain::records
