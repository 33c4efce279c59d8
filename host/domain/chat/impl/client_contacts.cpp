#include "domain/chat/client_contacts.hpp"

#include "base/error.hpp"
#include "domain/chat/impl/chat_table.hpp"
#include "domain/journal/journal.hpp"
#include "domain/routing/impl/routing_table.hpp"

namespace patchbay::domain::chat {

namespace asio = boost::asio;
using routing::Reason;

namespace {

constexpr const char* kContact = "contact";

// Nothing for a channel that is not there any more.
std::optional<records::Identity> identity_of(store::Session& session, Id integration, const Client& client) {
  const auto row = session.query_one("select plugin from integrations where id = :id", {integration});
  if (!row) return std::nullopt;
  records::Identity who;
  who.plugin = row->text(0);
  who.external_id = client.external_id;
  if (!client.phone.empty()) who.phones.push_back(client.phone);
  if (!client.email.empty()) who.emails.push_back(client.email);
  return who;
}

// Whoever has one of these chats open sees another contact.
void tell_of_clients(store::Session& session, IdMint& ids, TimePoint now, Id contact, Reason reason) {
  std::vector<journal::Entry> entries;
  for (const auto& row : session.query(
           "select chats.id, chats.queue, chats.operator, chats.state from chat_clients join chats on "
           "chats.client = chat_clients.id where chat_clients.contact = :contact and chats.state <> "
           "'finished' order by chats.id",
           {contact})) {
    journal::Entry entry("chat.changed", row.integer(0));
    entry.chat = row.integer(0);
    entry.queue = row.maybe_integer(1).value_or(0);
    entry.owner = row.maybe_integer(2).value_or(0);
    entry.state = row.text(3);
    entry.reason = routing::reason_name(reason);
    entries.push_back(std::move(entry));
  }
  journal::write(session, ids, now, entries);
}

// With what an admin has to change.
std::string log_words(const Error& error) {
  std::string words = error.what();
  for (const auto& one : error.diagnostics()) words += "; " + one.path + ": " + one.summary.in("en");
  return words;
}

}  // namespace

ClientContacts::ClientContacts(Parts parts) : parts_(std::move(parts)) {
  parts_.records.on_gone([&clock = parts_.clock, &ids = parts_.ids](store::Session& session,
                                                                    const records::Record& gone,
                                                                    const records::Record* kept) {
    if (gone.object != kContact) return;
    const auto reason = kept == nullptr ? Reason::contact_unlinked : Reason::contact_linked;
    tell_of_clients(session, ids, clock.now(), gone.id, reason);
    session.exec("update chat_clients set contact = :kept where contact = :gone",
                 {kept == nullptr ? store::Value() : store::Value(kept->id), gone.id});
  });
}

void ClientContacts::meet(store::Session& session, const Stranger& stranger) {
  const auto& client = stranger.client;
  const auto who = identity_of(session, stranger.integration, client);
  if (!who) return;
  std::optional<Id> contact;
  try {
    const records::Author author("plugin:" + who->plugin, records::Source::outside);
    contact = stranger.alone && parts_.creates()
                  ? parts_.contacts.find_or_create(session, *who, client.name, author)
                  : parts_.contacts.recognize(session, *who);
  } catch (const Error& error) {
    if (!records::is_refusal(error)) throw;
    parts_.logger.warn("a client cannot become a contact",
                       {{"client", to_string_id(client.id)}, {"reason", log_words(error)}});
  }
  if (!contact) return;
  session.later(
      "update chat_clients set contact = :contact where id = :id and contact is null and unlinked = 0",
      {*contact, client.id});
}

// One change of whose client a chat is, for somebody who may.
class ClientContacts::Wish {
 public:
  Wish(store::Session& session, const Parts& parts, Id wanted, const records::Asker& who, bool only_own)
      : context_(session, parts.ids, parts.clock), table_(context_), who_(who) {
    auto held = table_.hold(wanted);
    if (!held) throw Error(Code::not_found, Text("domain.chat.no_chat", {{"id", to_string_id(wanted)}}));
    chat = std::move(*held);
    if (only_own && (chat.state != "in_progress" || chat.owner != who.user))
      throw Error(Code::denied, Text("domain.routing.not_yours"));
    auto found = chat.client ? table_.client(*chat.client) : std::nullopt;
    auto known = found ? identity_of(session, chat.integration, *found) : std::nullopt;
    if (!known) throw Error(Code::conflict, Text("domain.chat.no_one_client"));
    client = std::move(*found);
    identity = std::move(*known);
  }

  // The chat as it is then.
  Chat set(std::optional<Id> contact) {
    if (contact == client.contact && client.unlinked == !contact) return chat;
    context_.session.exec(
        "update chat_clients set contact = cast(:contact as bigint), unlinked = :unlinked where id = :id",
        {store::nullable(contact), std::int64_t{!contact}, client.id});
    routing::RoutingTable routing(context_.session, context_.ids, context_.time());
    const auto reason = contact ? Reason::contact_linked : Reason::contact_unlinked;
    routing.note(routing.hold_chat(chat.id).value(), reason, routing::Actor(who_.author.name),
                 contact ? contact : client.contact);
    return table_.find(chat.id).value();
  }

  Chat chat;
  Client client;
  records::Identity identity;

 private:
  Context context_;
  ChatTable table_;
  const records::Asker& who_;
};

asio::awaitable<Chat> ClientContacts::link(Id chat, Id contact, records::Asker who, bool only_own) {
  auto work = [=, this](store::Session& session) {
    Wish wish(session, parts_, chat, who, only_own);
    parts_.records.require(session, kContact, who, records::Right::read);
    const auto found = parts_.contacts.assign(session, wish.identity, contact);
    if (!found)
      throw Error(Code::not_found,
                  Text("domain.records.no_record", {{"object", kContact}, {"id", to_string_id(contact)}}));
    return wish.set(found);
  };
  co_return co_await parts_.store.write(std::move(work));
}

asio::awaitable<Chat> ClientContacts::make(Id chat, records::Asker who, bool only_own) {
  auto work = [=, this](store::Session& session) {
    Wish wish(session, parts_, chat, who, only_own);
    if (wish.client.contact) return wish.chat;
    parts_.records.require(session, kContact, who, records::Right::change);
    // The chat brings him, whoever pressed the button: nothing that is required stops it (REC-6).
    const records::Author author(who.author.name, records::Source::outside);
    return wish.set(parts_.contacts.find_or_create(session, wish.identity, wish.client.name, author));
  };
  co_return co_await parts_.store.write(std::move(work));
}

asio::awaitable<Chat> ClientContacts::unlink(Id chat, records::Asker who, bool only_own) {
  auto work = [=, this](store::Session& session) {
    Wish wish(session, parts_, chat, who, only_own);
    parts_.contacts.forget(session, wish.identity);
    return wish.set(std::nullopt);
  };
  co_return co_await parts_.store.write(std::move(work));
}

}  // namespace patchbay::domain::chat
