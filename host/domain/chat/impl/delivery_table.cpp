#include "domain/chat/impl/delivery_table.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "domain/chat/impl/chat_table.hpp"
#include "outbox/queue.hpp"

namespace patchbay::domain::chat {
namespace {

constexpr std::int64_t kWaitMs = 24LL * 60 * 60 * 1000;

// Providers that number their messages number both directions alike, so the number orders messages of one
// second.
std::int64_t number_of(const std::string& provider_id) {
  std::int64_t number = 0;
  const auto* end = provider_id.data() + provider_id.size();
  const auto [stop, error] = std::from_chars(provider_id.data(), end, number);
  return error == std::errc() && stop == end ? number : 0;
}

std::string reason_of(const outbox::PartState& part) {
  if (part.parts == 1) return part.reason;
  return Text("domain.chat.part_failed", {{"part", std::to_string(part.part + 1)},
                                          {"parts", std::to_string(part.parts)},
                                          {"reason", part.reason}})
      .kept();
}

// Stands for all messages of a conversation; no provider calls one so.
constexpr std::string_view kMark = "";
constexpr std::string_view kBotHas = "bot";
constexpr std::string_view kWeHave = "us";

constexpr std::string_view kWaiting =
    "select id, what, reason, at from message_waiting where integration = :integration and conversation = "
    ":conversation and provider_id = :provider_id and expires_at >= :now order by at, id";

const outbox::PartState* first_in(const std::vector<outbox::PartState>& parts, std::string_view state) {
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.state == state; });
  return found == parts.end() ? nullptr : &*found;
}

}  // namespace

Standing standing_of(const std::vector<outbox::PartState>& parts, const std::vector<Delivery>& receipts) {
  Standing standing;
  if (const auto* failed = first_in(parts, "failed")) {
    standing.state = Delivery::failed;
    standing.reason = reason_of(*failed);
    return standing;
  }
  const auto open = std::find_if(parts.begin(), parts.end(), [](const auto& part) { return !part.done; });
  if (open != parts.end()) {
    // One that waits to be tried again has begun: the message does not fall back to queued.
    const bool begun = std::any_of(parts.begin(), parts.end(), [](const auto& part) {
      return part.state != "queued" || part.attempts > 0;
    });
    standing.state = begun ? Delivery::sending : Delivery::queued;
    standing.reason = open->reason;
    return standing;
  }
  if (const auto* uncertain = first_in(parts, "uncertain")) {
    standing.state = Delivery::uncertain;
    standing.reason = reason_of(*uncertain);
    return standing;
  }
  standing.state = Delivery::sent;
  if (receipts.empty()) return standing;
  const bool failed = std::find(receipts.begin(), receipts.end(), Delivery::failed) != receipts.end();
  standing.state = failed ? Delivery::failed
                          : std::max(Delivery::sent, *std::min_element(receipts.begin(), receipts.end()));
  return standing;
}

void DeliveryTable::hold(Id integration, const std::string& conversation) {
  if (session_.dialect() != store::Dialect::postgresql) return;
  session_.later("select pg_advisory_xact_lock(hashtextextended(cast(:conversation as text), :integration))",
                 {conversation, integration});
}

void DeliveryTable::hold_for_notice(const ProviderName& name) {
  ChatTable chats(context_);
  const auto chat = chats.find_open(name.integration, name.conversation);
  hold(name.integration, chat ? chat->conversation : chats.current_name(name.integration, name.conversation));
}

void DeliveryTable::take(const ProviderName& name, const Notice& notice) {
  hold_for_notice(name);
  if (const auto found = MessageTable(context_).find_named(name)) {
    apply(found->name, found->known, notice);
    return;
  }
  session_.exec("delete from message_waiting where expires_at < :now", {context_.now});
  session_.exec(
      "insert into message_waiting (id, integration, conversation, provider_id, what, reason, at, "
      "expires_at) values "
      "(:id, :integration, :conversation, :provider_id, :what, :reason, :at, :expires)",
      {context_.ids.next(), name.integration, name.conversation, name.provider_id, notice.what,
       store::nullable(notice.reason), notice.at, context_.now + kWaitMs});
}

void DeliveryTable::take_up_to(const ProviderName& conversation, std::int64_t up_to, const Notice& notice) {
  hold_for_notice(conversation);
  for (const auto* state : {"sent", "delivered"}) {
    if (notice.what == state) break;
    const auto rows = session_.query(
        "select p.provider_id, p.conversation from message_provider_ids p join messages m on m.id = "
        "p.message "
        "where p.integration = :integration and p.conversation in " PB_NAMES_OF_CONVERSATION
        " and (p.state = 'sent' or p.state = 'delivered') and p.state = :state and p.at <= :up_to and "
        "m.direction = 'out'",
        {conversation.integration, conversation.conversation, state, up_to});
    for (const auto& row : rows) {
      const ProviderName name(conversation.integration, row.text(1), row.text(0));
      if (const auto known = MessageTable(context_).known(name)) apply(name, *known, notice);
    }
  }
  session_.exec(
      "delete from message_waiting where expires_at < :now or (integration = :integration and conversation = "
      ":conversation and provider_id = :mark and what = :what and at <= :up_to)",
      {context_.now, conversation.integration, conversation.conversation, std::string(kMark), notice.what,
       up_to});
  session_.exec(
      "insert into message_waiting (id, integration, conversation, provider_id, what, at, expires_at) values "
      "(:id, :integration, :conversation, :mark, :what, :up_to, :expires)",
      {context_.ids.next(), conversation.integration, conversation.conversation, std::string(kMark),
       notice.what, up_to, context_.now + kWaitMs});
}

// What was read or delivered up to a time, before we knew the message of this name.
void DeliveryTable::settle_up_to(const ProviderName& name, std::int64_t at) {
  const auto rows = session_.query(
      "select what, at from message_waiting where integration = :integration and conversation "
      "in " PB_NAMES_OF_CONVERSATION " and provider_id = :mark and expires_at >= :now order by at, id",
      {name.integration, name.conversation, std::string(kMark), context_.now});
  for (const auto& row : rows) {
    if (row.integer(1) < at || !parse_delivery(row.text(0))) continue;
    const auto known = MessageTable(context_).known(name);
    if (known) apply(name, *known, Notice(row.text(0), std::nullopt, row.integer(1)));
  }
}

bool DeliveryTable::bot_has(const ProviderName& conversation, bool by_bot, std::int64_t at) {
  const auto later = session_.query_one(
      "select what from message_waiting where integration = :integration and conversation = :conversation "
      "and provider_id = :mark and what in (:bot, :us) and at > :at and expires_at >= :now",
      {conversation.integration, conversation.conversation, std::string(kMark), std::string(kBotHas),
       std::string(kWeHave), at, context_.now});
  if (later) return later->text(0) == kBotHas;
  session_.exec(
      "delete from message_waiting where expires_at < :now or (integration = :integration and conversation = "
      ":conversation and provider_id = :mark and what in (:bot, :us))",
      {context_.now, conversation.integration, conversation.conversation, std::string(kMark),
       std::string(kBotHas), std::string(kWeHave)});
  session_.exec(
      "insert into message_waiting (id, integration, conversation, provider_id, what, at, expires_at) values "
      "(:id, :integration, :conversation, :mark, :what, :at, :expires)",
      {context_.ids.next(), conversation.integration, conversation.conversation, std::string(kMark),
       std::string(by_bot ? kBotHas : kWeHave), at, context_.now + kWaitMs});
  return by_bot;
}

void DeliveryTable::read_waiting(const std::vector<ProviderName>& names) {
  std::vector<store::Values> all;
  for (const auto& name : names)
    all.push_back({name.integration, name.conversation, name.provider_id, context_.now});
  context_.ahead.read(session_, kWaiting, std::move(all));
}

void DeliveryTable::settle_waiting(const ProviderName& name) {
  settle_waiting(name, name.conversation);
}

void DeliveryTable::settle_waiting(const ProviderName& name, const std::string& told_under) {
  const auto rows = context_.ahead.query(session_, kWaiting,
                                         {name.integration, told_under, name.provider_id, context_.now});
  if (rows.empty()) return;
  const auto known = MessageTable(context_).known(name);
  for (const auto& row : rows) {
    if (known) apply(name, *known, Notice(row.text(1), row.maybe_text(2), row.integer(3)));
    session_.exec("delete from message_waiting where id = :id", {row.integer(0)});
  }
}

// Names of the conversation but its own; none that a number would be looked for under.
void DeliveryTable::settle_waiting_elsewhere(const ProviderName& name) {
  if (is_counted(name.provider_id)) return;
  for (const auto& row : session_.query(
           "select conversation from message_waiting where integration = :integration and conversation "
           "in " PB_NAMES_OF_CONVERSATION
           " and provider_id = :provider_id and conversation <> :conversation and expires_at >= :now",
           {name.integration, name.conversation, name.provider_id, context_.now}))
    settle_waiting(name, row.text(0));
}

void DeliveryTable::apply(const ProviderName& name, const Known& known, const Notice& notice) {
  if (notice.what == "deleted") {
    MessageTable(context_).erase(name, known, notice.at);
    return;
  }
  const auto state = parse_delivery(notice.what);
  if (state && known.outgoing) raise(name, known, *state, notice);
}

void DeliveryTable::raise(const ProviderName& name, const Known& known, Delivery state,
                          const Notice& notice) {
  const auto row = session_.query_one(
      "select state from message_provider_ids where integration = :integration and conversation = "
      ":conversation and "
      "provider_id = :provider_id",
      {name.integration, name.conversation, name.provider_id});
  const auto standing = parse_delivery(row->text(0));
  if (!standing || state <= *standing) return;
  session_.exec(
      "update message_provider_ids set state = :state where integration = :integration and conversation = "
      ":conversation "
      "and provider_id = :provider_id",
      {std::string(delivery_name(state)), name.integration, name.conversation, name.provider_id});
  refresh(known.message);
  if (state == Delivery::failed && notice.reason) {
    session_.exec("update messages set reason = :reason where id = :id and state = 'failed'",
                  {*notice.reason, known.message});
  }
}

void DeliveryTable::sent(const ProviderName& conversation, Id message,
                         const std::vector<std::string>& provider_ids, std::optional<std::int64_t> sent_at) {
  const auto at = sent_at.value_or(context_.now);
  for (const auto& id : provider_ids) {
    session_.exec(
        "insert into message_provider_ids (integration, conversation, provider_id, message, at, sequence, "
        "state) values "
        "(:integration, :conversation, :provider_id, :message, :at, :sequence, 'sent') on conflict do "
        "nothing",
        {conversation.integration, conversation.conversation, id, message, at, number_of(id)});
  }
  if (provider_ids.empty()) return;
  session_.exec(
      "update messages set provider_id = :provider_id, provider_at = :at, sequence = :sequence where id = "
      ":id and "
      "provider_id is null",
      {provider_ids.front(), at, number_of(provider_ids.front()), message});
  for (const auto& id : provider_ids) {
    const ProviderName name(conversation.integration, conversation.conversation, id);
    settle_waiting(name);
    settle_waiting_elsewhere(name);
    settle_up_to(name, at);
  }
}

void DeliveryTable::refresh(Id message) {
  std::vector<Delivery> receipts;
  for (const auto& row : session_.query(
           "select state from message_provider_ids where message = :message and state <> 'deleted'",
           {message})) {
    receipts.push_back(parse_delivery(row.text(0)).value_or(Delivery::sent));
  }
  const auto standing = standing_of(outbox::parts_of(session_, message), receipts);
  const std::string state(delivery_name(standing.state));
  const auto changed = session_.query(
      "update messages set state = :state, reason = :reason where id = :id and (state <> :state or reason is "
      "distinct "
      "from cast(:reason as text)) returning chat",
      {state, standing.reason.empty() ? store::Value() : store::Value(standing.reason), message});
  if (!changed.empty()) context_.happened("message.state", message, changed.front().integer(0), state);
}

}  // namespace patchbay::domain::chat
