#include "domain/chat/impl/chat_table.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "domain/chat/impl/message_table.hpp"
#include "outbox/queue.hpp"
#include "store/dialect.hpp"

namespace patchbay::domain::chat {
namespace {

#define PB_CHAT_COLUMNS                                                                                      \
  "select id, integration, conversation, kind, title, facts, state, client, reachable, reason, "             \
  "merged_into, created_at, "                                                                                \
  "last_message_at, queue, cast(case when state = 'finished' then handled_by else operator end as bigint), " \
  "cast((select contact from chat_clients where chat_clients.id = chats.client) as bigint), "                \
  "cast((select 1 from queues where queues.id = chats.queue and queues.away <> '' and queues.hours <> '') "  \
  "as bigint) from chats "
#define PB_CLIENT_COLUMNS                                                                           \
  "select id, external_id, name, username, language, phone, email, is_bot, contact, unlinked from " \
  "chat_clients "

#define PB_OPEN                                                                     \
  PB_CHAT_COLUMNS                                                                   \
  "where integration = :integration and conversation = :conversation and state <> " \
  "'finished'"
// Whoever writes into an open chat holds it: else it is finished meanwhile, and what was written is for
// nobody.
std::string_view open_of(const store::Session& session) {
  return session.dialect() == store::Dialect::postgresql ? PB_OPEN " for update" : PB_OPEN;
}
constexpr std::int64_t kAliasMs = 30LL * 24 * 3'600'000;  // how long a former id leads to the present one
constexpr int kAttempts = 8;

constexpr std::string_view kClient =
    PB_CLIENT_COLUMNS "where integration = :integration and external_id = :external";

std::vector<store::Values> pairs(const std::vector<std::pair<Id, std::string>>& all) {
  std::vector<store::Values> values;
  values.reserve(all.size());
  for (const auto& [integration, name] : all) values.push_back({integration, name});
  return values;
}

Chat chat_of(const store::Row& row) {
  Chat chat;
  chat.id = row.integer(0);
  chat.integration = row.integer(1);
  chat.conversation = row.text(2);
  chat.kind = row.text(3);
  chat.title = row.text(4);
  chat.facts = row.text(5);
  chat.state = row.text(6);
  chat.client = row.maybe_integer(7);
  chat.reachable = row.integer(8) != 0;
  chat.reason = row.maybe_text(9);
  chat.merged_into = row.maybe_integer(10);
  chat.created_at = row.integer(11);
  chat.last_message_at = row.integer(12);
  chat.queue = row.maybe_integer(13);
  chat.owner = row.maybe_integer(14);
  chat.contact = row.maybe_integer(15);
  chat.may_be_away = !row.is_null(16);
  return chat;
}

std::optional<Chat> maybe_chat(const std::optional<store::Row>& row) {
  if (!row) return std::nullopt;
  return chat_of(*row);
}

std::optional<Client> maybe_client(const std::optional<store::Row>& row) {
  if (!row) return std::nullopt;
  Client client;
  client.id = row->integer(0);
  client.external_id = row->text(1);
  client.name = row->text(2);
  client.username = row->text(3);
  client.language = row->text(4);
  client.phone = row->text(5);
  client.email = row->text(6);
  client.is_bot = row->integer(7) != 0;
  client.contact = row->maybe_integer(8);
  client.unlinked = row->integer(9) != 0;
  return client;
}

}  // namespace

std::optional<Chat> ChatTable::find(Id chat) {
  return maybe_chat(session_.query_one(PB_CHAT_COLUMNS "where id = :id", {chat}));
}

std::optional<Chat> ChatTable::find_current(Id chat) {
  auto found = find(chat);
  for (int hops = 0; found && found->merged_into && hops < 8; ++hops) found = find(*found->merged_into);
  return found;
}

std::optional<Chat> ChatTable::hold(Id chat) {
  const auto sql =
      std::string(PB_CHAT_COLUMNS "where id = :id").append(store::for_update(session_.dialect()));
  auto found = maybe_chat(session_.query_one(sql, {chat}));
  for (int hops = 0; found && found->merged_into && hops < 8; ++hops)
    found = maybe_chat(session_.query_one(sql, {*found->merged_into}));
  return found;
}

std::string ChatTable::current_name(Id integration, std::string conversation) {
  for (int hops = 0; hops < 8; ++hops) {
    const auto row = session_.query_one(
        "select moved_to from chat_moves where integration = :integration and conversation = :conversation "
        "and moved_at > :since",
        {integration, conversation, context_.now - kAliasMs});
    if (!row) break;
    conversation = row->text(0);
  }
  return conversation;
}

// Numbers and names are given to others in time. Who writes under the former id and is provably another
// client ends it.
std::string ChatTable::name_for(Id integration, const ConversationData& conversation,
                                const std::string& author) {
  const auto moved = current_name(integration, conversation.id);
  if (moved == conversation.id || author.empty() || author == conversation.id || author == moved)
    return moved;
  const auto last = session_.query_one(
      "select chats.kind, chat_clients.external_id from chats join chat_clients on chat_clients.id = "
      "chats.client where chats.integration = :integration and chats.conversation = :conversation order by "
      "chats.id desc limit 1",
      {integration, moved});
  if (!last || last->text(0) != "private" || last->text(1) == author) return moved;
  session_.exec(
      "update chat_moves set moved_at = 0 where integration = :integration and conversation = :conversation",
      {integration, conversation.id});
  return conversation.id;
}

void ChatTable::hold_open(const std::vector<std::pair<Id, std::string>>& conversations) {
  if (session_.dialect() != store::Dialect::postgresql || conversations.empty()) return;
  auto all = nlohmann::json::array();
  for (const auto& [integration, name] : conversations) all.push_back({integration, repair_utf8(name)});
  session_.later(
      "select id from chats where state <> 'finished' and (integration, conversation) in (select "
      "cast(one->>0 "
      "as bigint), one->>1 from jsonb_array_elements(cast(:all as jsonb)) as all_of(one)) order by id for "
      "update",
      {all.dump()});
}

void ChatTable::read_open(const std::vector<std::pair<Id, std::string>>& conversations) {
  context_.ahead.read(session_, open_of(session_), pairs(conversations));
}

void ChatTable::read_clients(const std::vector<std::pair<Id, std::string>>& external_ids) {
  context_.ahead.read(session_, kClient, pairs(external_ids));
}

std::optional<Chat> ChatTable::named_open(Id integration, const std::string& conversation) {
  return maybe_chat(context_.ahead.query_one(session_, open_of(session_), {integration, conversation}));
}

std::optional<Chat> ChatTable::find_open(Id integration, const std::string& conversation) {
  if (auto found = named_open(integration, conversation)) return found;
  const auto moved = current_name(integration, conversation);
  if (moved == conversation) return std::nullopt;
  return named_open(integration, moved);
}

Chat ChatTable::open(Id integration, const ConversationData& conversation, const Opening& opening) {
  if (auto found = named_open(integration, conversation.id)) {
    refresh(*found, conversation);
    return *found;
  }
  const auto name = name_for(integration, conversation, opening.author);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const bool is_asked = attempt == 0 && name == conversation.id;
    if (auto found = is_asked ? std::nullopt : named_open(integration, name)) {
      refresh(*found, conversation);
      return *found;
    }
    auto routed = beginning(integration);
    if (opening.begins) routed.stage = *opening.begins;
    routed.id = context_.ids.next();
    const auto made = session_.exec(
        "insert into chats (id, integration, conversation, kind, title, facts, state, reachable, created_at, "
        "last_message_at) values (:id, :integration, :conversation, :kind, :title, :facts, :state, 1, "
        ":created, :last) "
        "on conflict do nothing",
        {routed.id, integration, name, conversation.kind.empty() ? "private" : conversation.kind,
         conversation.title, conversation.facts.empty() ? "{}" : conversation.facts,
         std::string(routing::stage_name(routed.stage)), context_.now, std::int64_t{0}});
    if (made == 0) continue;
    context_.waits |= routed.stage == routing::Stage::waiting;
    routing_.save(routed, routing::opened(routed), routing::Actor("client"));
  }
  throw Error(Code::internal, Text("domain.chat.not_opened", {{"conversation", conversation.id}}));
}

void ChatTable::refresh(Chat& chat, const ConversationData& seen) {
  auto fresh = chat;
  if (!seen.title.empty()) fresh.title = seen.title;
  if (!seen.kind.empty()) fresh.kind = seen.kind;
  if (!seen.facts.empty()) fresh.facts = seen.facts;
  if (fresh.title == chat.title && fresh.kind == chat.kind && fresh.facts == chat.facts) return;
  session_.exec("update chats set title = :title, kind = :kind, facts = :facts where id = :id",
                {fresh.title, fresh.kind, fresh.facts, chat.id});
  if (fresh.title != chat.title || fresh.kind != chat.kind) tell_changed(chat.id);
  chat = fresh;
}

std::vector<Chat> ChatTable::list(const ChatFilter& filter, Id after, int limit) {
  std::string sql = PB_CHAT_COLUMNS "where id > :after";
  store::Values values{after};
  const auto also = [&](std::string_view condition, store::Value value) {
    sql += condition;
    values.push_back(std::move(value));
  };
  if (filter.integration) also(" and integration = :integration", *filter.integration);
  if (filter.queue) also(" and queue = :queue", *filter.queue);
  if (filter.state) also(" and state = :state", *filter.state);
  // Those are few, and indexes know which they are.
  if (filter.state && filter.state != "finished") sql += " and state <> 'finished'";
  also(" order by id limit :limit", static_cast<std::int64_t>(limit));
  std::vector<Chat> chats;
  for (const auto& row : session_.query(sql, std::move(values))) chats.push_back(chat_of(row));
  return chats;
}

Client ChatTable::keep_client(Id integration, const Client& seen) {
  auto known = maybe_client(context_.ahead.query_one(session_, kClient, {integration, seen.external_id}));
  if (!known) {
    session_.exec(
        "insert into chat_clients (id, integration, external_id, name, username, language, phone, email, "
        "is_bot, created_at) values (:id, :integration, :external, :name, :username, :language, :phone, "
        ":email, :bot, :created) on conflict do nothing",
        {context_.ids.next(), integration, seen.external_id, seen.name, seen.username, seen.language,
         seen.phone, seen.email, std::int64_t{seen.is_bot}, context_.now});
    known = maybe_client(session_.query_one(kClient, {integration, seen.external_id}));
    if (!known) throw Error(Code::internal, Text("domain.chat.no_client", {{"client", seen.external_id}}));
    return *known;
  }
  bool changed = false;
  // A channel that leaves a field out has not taken it back.
  for (const auto member :
       {&Client::name, &Client::username, &Client::language, &Client::phone, &Client::email}) {
    if ((seen.*member).empty() || seen.*member == (*known).*member) continue;
    (*known).*member = seen.*member;
    changed = true;
  }
  if (changed) {
    session_.exec(
        "update chat_clients set name = :name, username = :username, language = :language, phone = :phone, "
        "email = :email where id = :id",
        {known->name, known->username, known->language, known->phone, known->email, known->id});
  }
  return *known;
}

std::optional<Client> ChatTable::client(Id id) {
  return maybe_client(session_.query_one(PB_CLIENT_COLUMNS "where id = :id", {id}));
}

std::optional<Duration> ChatTable::note_answer(Id chat, Id user) {
  const auto row = session_.query_one(
      "insert into chat_answers(chat, at, operator, queue, waited_ms) select id, cast(:now as bigint), "
      "cast(:user as bigint), queue, cast(:now as bigint) - "
      "coalesce((select min(at) from chat_history where chat = :chat and (state = 'waiting' or state = "
      "'assigned')), "
      "created_at) from chats where id = :chat on conflict(chat) do nothing returning waited_ms",
      {context_.now, user, chat});
  if (!row) return std::nullopt;
  return Duration(row->integer(0));
}

void ChatTable::touch(const Chat& chat, std::int64_t at, From from, std::optional<Id> client) {
  const bool from_client = from == From::client;
  const bool private_client = from_client && client && !chat.client && chat.kind == "private";
  // In a group others go on writing where the integration may not.
  const bool came_back = from_client && !chat.reachable && chat.kind == "private";
  if (from == From::itself) {
    session_.later(
        "update chats set last_message_at = case when last_message_at < :at then :at else last_message_at "
        "end "
        "where id = :id",
        {at, chat.id});
  } else {
    session_.later(from_client
                       ? "update chats set last_message_at = case when last_message_at < :at then :at else "
                         "last_message_at end, last_client_at = case when last_client_at >= :at then "
                         "last_client_at else :at end, last_incoming_at = :now where id = :id"
                       : "update chats set last_message_at = case when last_message_at < :at then :at else "
                         "last_message_at end, last_outgoing_at = :now where id = :id",
                   {at, context_.now, chat.id});
  }
  if (from_client && chat.state == "held") admit(chat);
  const bool asks_people = chat.state == "waiting" || chat.state == "assigned" || chat.state == "in_progress";
  if (from_client && chat.may_be_away && asks_people && chat.kind == "private")
    routing_.say_away(chat.id, *chat.queue);
  if (came_back) set_reachable(chat.id, true, std::nullopt);
  if (private_client) session_.exec("update chats set client = :client where id = :id", {*client, chat.id});
}

std::optional<std::int64_t> ChatTable::last_written(const Chat& chat) {
  const auto row = session_.query_one(
      "select cast(max(last_client_at) as bigint) from chats where integration = :integration and "
      "conversation "
      "in " PB_NAMES_OF_CONVERSATION,
      {chat.integration, chat.conversation});
  return row ? row->maybe_integer(0) : std::nullopt;
}

void ChatTable::set_reachable(Id chat, bool reachable, const std::optional<std::string>& reason) {
  const auto changed = session_.exec(
      "update chats set reachable = :reachable, reason = cast(:reason as text) where id = :id and (reachable "
      "<> "
      ":reachable or reason is distinct from cast(:reason as text))",
      {std::int64_t{reachable}, reachable ? store::Value() : store::nullable(reason), chat});
  if (changed > 0) tell_changed(chat);
}

// Whoever has it open sees something else now.
void ChatTable::tell_changed(Id chat) {
  const auto row = session_.query_one("select queue, operator, state from chats where id = :id", {chat});
  journal::Entry entry("chat.changed", chat);
  entry.chat = chat;
  entry.queue = row->maybe_integer(0).value_or(0);
  entry.owner = row->maybe_integer(1).value_or(0);
  entry.state = row->text(2);
  context_.happened(std::move(entry));
}

bool ChatTable::was_active(Id integration, const std::string& conversation, std::int64_t at) {
  return session_
      .query_one(
          "select id from chats where integration = :integration and conversation = :conversation and "
          "last_message_at >= :at limit 1",
          {integration, current_name(integration, conversation), at})
      .has_value();
}

void ChatTable::note_bot(Id chat) {
  session_.exec("update chats set had_bot = 1 where id = :id", {chat});
}

void ChatTable::move(Id integration, const std::string& from, const std::string& to) {
  if (from == to) return;
  session_.exec("delete from chat_moves where integration = :integration and conversation = :to",
                {integration, to});
  session_.exec(
      "insert into chat_moves (integration, conversation, moved_to, moved_at) values (:integration, :from, "
      ":to, :now) on conflict (integration, conversation) do update set moved_to = excluded.moved_to, "
      "moved_at = excluded.moved_at",
      {integration, from, to, context_.now});
  session_.exec("update chat_moves set moved_to = :to where integration = :integration and moved_to = :from",
                {to, integration, from});
  hold_open({{integration, from}, {integration, to}});
  const auto old_chat = named_open(integration, from);
  const auto new_chat = named_open(integration, to);
  if (old_chat && new_chat) merge(*new_chat, *old_chat);
  if (old_chat) session_.exec("update chats set conversation = :to where id = :id", {to, old_chat->id});
  outbox::move_lane(session_, integration, from, to);
}

routing::Chat ChatTable::beginning(Id integration) {
  const auto known = context_.beginnings.find(integration);
  if (known != context_.beginnings.end()) return known->second;
  return context_.beginnings.emplace(integration, routing_.beginning(integration)).first->second;
}

// Its channel was switched off, and since it is on again the client has come back.
void ChatTable::admit(const Chat& chat) {
  const auto now = beginning(chat.integration);
  if (now.stage != routing::Stage::waiting) return;
  auto routed = routing_.hold_chat(chat.id).value();
  routed.queue = now.queue;
  const auto outcome = routing::admit(routed, routing::Reason::channel_on, context_.time());
  if (outcome.step) routing_.save(routed, *outcome.step, routing::Actor("client"));
  context_.waits = true;
}

void ChatTable::pass(const Chat& chat, bool to_bot) {
  const auto now = beginning(chat.integration);
  auto routed = routing_.hold_chat(chat.id).value();
  auto owner = routed.owner ? routing_.hold_operator(*routed.owner) : std::nullopt;
  if (!to_bot) routed.queue = routed.queue == 0 ? now.queue : routed.queue;
  const auto outcome = to_bot ? routing::give_to_bot(routed, owner ? &*owner : nullptr)
                              : routing::take_from_bot(routed, now.stage, context_.time());
  if (!outcome.step) return;
  routing_.save(routed, *outcome.step, routing::Actor("bot"));
  if (owner) routing_.save(*owner);
  context_.waits = true;
}

void ChatTable::merge(const Chat& from, const Chat& into) {
  if (auto routed = routing_.hold_chat(from.id)) {
    auto owner = routed->owner ? routing_.hold_operator(*routed->owner) : std::nullopt;
    const auto outcome = routing::finish(*routed, owner ? &*owner : nullptr, routing::Reason::merged);
    if (outcome.step) routing_.save(*routed, *outcome.step, routing::Actor("host"));
    if (owner) routing_.save(*owner);
  }
  session_.exec("update chats set merged_into = :into where id = :id", {into.id, from.id});
  // Keys are unique within a chat; one that both have stays with the messages that were there first.
  session_.exec(
      "update messages set idempotency_key = null where chat = :from and idempotency_key in (select "
      "idempotency_key from "
      "messages where chat = :into and idempotency_key is not null)",
      {from.id, into.id});
  session_.exec(
      "update messages set part_of = null where chat = :from and part_of in (select part_of from messages "
      "where "
      "chat = :into and part_of is not null)",
      {from.id, into.id});
  session_.exec("update messages set chat = :into where chat = :from", {into.id, from.id});
  session_.exec(
      "update chat_action_starts set chat = :into where chat = :from and key not in (select key from "
      "chat_action_starts where chat = :into)",
      {into.id, from.id});
  session_.exec(
      "update chats set last_message_at = :at, client = coalesce(client, cast(:client as bigint)) where id = "
      ":id",
      {std::max(from.last_message_at, into.last_message_at), store::nullable(from.client), into.id});
  tell_changed(into.id);
}

}  // namespace patchbay::domain::chat
