#pragma once

#include "domain/chat/chat_sink.hpp"
#include "domain/chat/client_contacts.hpp"
#include "domain/records/contacts.hpp"
#include "support/wait.hpp"

namespace patchbay::domain::chat {

// A sink that matches clients to contacts, and what it needs of records, on a store with the channels 7 and 8
// of one plugin.
class Matching {
 public:
  Matching(store::Store& store, Clock& clock, IdMint& ids)
      : objects(store, clock, ids, log::Logger::none()),
        tools(objects, clock, ids),
        records(store, tools),
        contacts(records, tools),
        client_contacts(parts(store, clock, ids)),
        sink(clock, ids, {}, {}, [this](store::Session& session, const Stranger& stranger) {
          ++met;
          client_contacts.meet(session, stranger);
        }) {
    support::wait(objects.prepare());
    store.write_now([](store::Session& session) {
      for (const Id id : {7, 8})
        session.exec(
            "insert into integrations(id, plugin, version, name, settings, state, reason_code, reason_text, "
            "identity, title, remote_state, visibility, created_at, updated_at) values (:id, 'shop', '1', "
            "'Shop', '{}', 'active', '', '', '', '', '', '', 0, 0) on conflict do nothing",
            {id});
    });
  }

  std::atomic<bool> creates = true;
  std::atomic<int> met = 0;  // clients without a contact
  records::Objects objects;
  records::Tools tools;
  records::Records records;
  records::Contacts contacts;
  ClientContacts client_contacts;
  ChatSink sink;

 private:
  ClientContacts::Parts parts(store::Store& store, Clock& clock, IdMint& ids) {
    ClientContacts::Parts out(store, clock, ids, records, contacts);
    out.creates = [this] { return creates.load(); };
    return out;
  }
};

}  // namespace patchbay::domain::chat
