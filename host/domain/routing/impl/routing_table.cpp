#include "domain/routing/impl/routing_table.hpp"

#include <algorithm>
#include <tuple>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "domain/journal/journal.hpp"
#include "domain/routing/rule.hpp"
#include "outbox/queue.hpp"
#include "store/dialect.hpp"

namespace patchbay::domain::routing {

using nlohmann::json;

namespace {

#define PB_ROUTED                                                                                     \
  "select id, queue, state, operator, waiting_since, assigned_at, handed_back_by, last_incoming_at, " \
  "last_outgoing_at "                                                                                 \
  "from chats "

// Users and roles of a queue with the roles below those, as a table `these(id)`.
#define PB_HOLDERS                                                                              \
  "with recursive these(id) as (select holder from queue_operators where queue = :queue union " \
  "select roles.id from roles join these on roles.parent = these.id) "
#define PB_IN_HOLDERS                                                                                      \
  "(id in (select id from these) or id in (select member from role_members where role in (select id from " \
  "these)))"

// Who is out of service is not available.
#define PB_OPERATOR                                                                                         \
  "select cast(case when (select active from users where users.id = operators.id) = 1 then available else " \
  "0 "                                                                                                      \
  "end as bigint), present_until, chats, last_taken_at from operators where id = :id"

constexpr Duration kRecent{24LL * 3'600'000};  // CHAT-22

TimePoint time_of(std::int64_t ms) {
  return TimePoint(Duration(ms));
}

std::optional<TimePoint> maybe_time(const store::Row& row, std::size_t column) {
  const auto ms = row.maybe_integer(column);
  return ms ? std::optional(time_of(*ms)) : std::nullopt;
}

std::int64_t ms_of(TimePoint time) {
  return time.time_since_epoch().count();
}

Chat chat_of(const store::Row& row) {
  Chat chat;
  chat.id = row.integer(0);
  chat.queue = row.maybe_integer(1).value_or(0);
  chat.stage = parse_stage(row.text(2)).value();
  chat.owner = row.maybe_integer(3);
  chat.waiting_since = time_of(row.integer(4));
  chat.assigned_at = time_of(row.integer(5));
  chat.handed_back_by = row.maybe_integer(6);
  chat.last_incoming = maybe_time(row, 7);
  chat.last_outgoing = maybe_time(row, 8);
  return chat;
}

std::vector<Chat> chats_of(const std::vector<store::Row>& rows) {
  std::vector<Chat> chats;
  for (const auto& row : rows) chats.push_back(chat_of(row));
  return chats;
}

std::vector<Id> ids_of(const std::vector<store::Row>& rows) {
  std::vector<Id> ids;
  for (const auto& row : rows) ids.push_back(row.integer(0));
  return ids;
}

store::Value id_or_null(Id id) {
  return id == 0 ? store::Value() : store::Value(id);
}

}  // namespace

std::optional<Chat> RoutingTable::hold_chat(Id chat) {
  const auto row = session_.query_one(
      std::string(PB_ROUTED "where id = :id").append(store::for_update(session_.dialect())), {chat});
  return row ? std::optional(chat_of(*row)) : std::nullopt;
}

std::vector<Chat> RoutingTable::hold_waiting(Id queue, std::size_t most) {
  return chats_of(session_.query(
      std::string(PB_ROUTED
                  "where queue = :queue and state = 'waiting' order by waiting_since, id limit :most")
          .append(store::for_update(session_.dialect())),
      {queue, static_cast<std::int64_t>(most)}));
}

std::vector<Chat> RoutingTable::hold_held(Id integration, std::size_t most) {
  return chats_of(
      session_.query(std::string(PB_ROUTED "where integration = :integration and state = 'held' and "
                                           "last_incoming_at > :since order by id limit :most")
                         .append(store::for_update(session_.dialect())),
                     {integration, ms_of(now_ - kRecent), static_cast<std::int64_t>(most)}));
}

std::vector<Chat> RoutingTable::hold_unaccepted(Id integration) {
  return chats_of(session_.query(
      std::string(PB_ROUTED "where integration = :integration and state <> 'finished' and (state = 'waiting' "
                            "or state = 'assigned') order by id")
          .append(store::for_update(session_.dialect())),
      {integration}));
}

std::vector<Chat> RoutingTable::hold_own(Id who) {
  return chats_of(
      session_.query(std::string(PB_ROUTED "where operator = :who and state <> 'finished' order by id")
                         .append(store::for_update(session_.dialect())),
                     {who}));
}

bool RoutingTable::is_in_service(Id who) {
  return session_.query_one("select id from users where id = :who and active = 1", {who}).has_value();
}

std::vector<Chat> RoutingTable::hold_assigned(Id who) {
  return chats_of(
      session_.query(std::string(PB_ROUTED "where operator = :who and state = 'assigned' order by id")
                         .append(store::for_update(session_.dialect())),
                     {who}));
}

std::optional<Operator> RoutingTable::hold_operator(Id who) {
  session_.exec(
      "insert into operators(id, available, present_until, chats, last_taken_at) select id, 0, 0, 0, 0 from "
      "users where "
      "id = :id and active = 1 on conflict do nothing",
      {who});
  return operator_of(
      session_.query_one(std::string(PB_OPERATOR).append(store::for_update(session_.dialect())), {who}), who);
}

std::optional<Operator> RoutingTable::read_operator(Id who) {
  return operator_of(session_.query_one(PB_OPERATOR, {who}), who);
}

std::optional<Operator> RoutingTable::operator_of(const std::optional<store::Row>& row, Id who) const {
  if (!row) return std::nullopt;
  Operator one;
  one.id = who;
  one.available = row->integer(0) != 0;
  one.present = row->integer(1) > now();
  one.chats = static_cast<std::size_t>(row->integer(2));
  one.last_taken = time_of(row->integer(3));
  return one;
}

std::vector<Operator> RoutingTable::free_operators(Id queue, const Terms& terms) {
  std::vector<Operator> all;
  for (const auto& row :
       session_.query(PB_HOLDERS "select id, chats, last_taken_at from operators where available = 1 and "
                                 "present_until > :now and chats < "
                                 ":limit and " PB_IN_HOLDERS
                                 " and exists (select 1 from users where users.id = operators.id and "
                                 "users.active = 1) order by id",
                      {queue, now(), static_cast<std::int64_t>(terms.chats)})) {
    Operator one;
    one.id = row.integer(0);
    one.chats = static_cast<std::size_t>(row.integer(1));
    one.last_taken = time_of(row.integer(2));
    all.push_back(one);
  }
  return all;
}

std::optional<Queue> RoutingTable::queue(Id id, std::optional<Id> who) {
  const auto row = session_.query_one("select rule, idle_ms, keep_open from queues where id = :id", {id});
  if (!row) return std::nullopt;
  Queue queue;
  queue.id = id;
  queue.rule = find_rule(row->text(0));
  if (queue.rule == nullptr)
    throw Error(Code::internal, Text("domain.routing.unknown_rule", {{"rule", row->text(0)}}));
  if (const auto idle = row->maybe_integer(1)) queue.idle = Duration(*idle);
  queue.keep_open = row->integer(2) != 0;
  if (who &&
      session_.query_one(PB_HOLDERS "select id from users where id = :who and active = 1 and " PB_IN_HOLDERS,
                         {id, *who}))
    queue.operators.push_back(*who);
  return queue;
}

void RoutingTable::hold_queue(Id queue) {
  session_.query(
      std::string("select id from queues where id = :id").append(store::for_update(session_.dialect())),
      {queue});
}

void RoutingTable::hold_channel(Id integration) {
  session_.query(std::string("select integration from channels where integration = :integration")
                     .append(store::for_update(session_.dialect())),
                 {integration});
}

std::vector<Id> RoutingTable::channels_with_held() {
  return ids_of(session_.query(
      "select integration from channels where active = 1 and queue is not null and exists (select 1 from "
      "chats where chats.integration = channels.integration and chats.state = 'held' and "
      "chats.last_incoming_at > :since) order by integration",
      {ms_of(now_ - kRecent)}));
}

// The conversation goes back to the bot that has had it, or has passed it before anything was known of it
// (FB-4), after what is still to be sent.
void RoutingTable::give_back_to_bot(Id chat) {
  const auto row = session_.query_one(
      "select integration, conversation, kind, facts from chats where id = :id and (had_bot = 1 or exists "
      "(select 1 from message_waiting where message_waiting.integration = chats.integration and "
      "message_waiting.conversation = chats.conversation and provider_id = '' and what = 'us')) and "
      "state <> 'with_bot'",
      {chat});
  if (!row) return;
  outbox::Item item;
  item.id = ids_.next();
  item.integration = row->integer(0);
  item.lane = row->text(1);
  item.kind = row->text(2);
  item.verb = "release";
  item.idempotency_key = "release:" + std::to_string(chat);
  item.payload = json({{"conversation",
                        {{"id", row->text(1)},
                         {"kind", row->text(2)},
                         {"facts", json::parse(row->text(3), nullptr, false)}}}})
                     .dump();
  item.created_at = now();
  outbox::enqueue(session_, item);
  // Who had it until now says no more of who has it (DeliveryTable::bot_has).
  session_.exec(
      "delete from message_waiting where integration = :integration and conversation = :conversation and "
      "provider_id = '' and what in ('bot', 'us')",
      {item.integration, item.lane});
}

void RoutingTable::save(const Chat& chat, const Step& step, const Actor& by) {
  if (step.reason == Reason::finished || step.reason == Reason::timed_out) give_back_to_bot(chat.id);
  session_.exec(
      "update chats set state = :state, queue = :queue, operator = :operator, waiting_since = "
      ":waiting_since, "
      "assigned_at = :assigned_at, handed_back_by = :handed_back_by, handled_by = case when :state = "
      "'in_progress' then cast(:operator as bigint) else handled_by end, had_bot = case when :state = "
      "'with_bot' "
      "then 1 else had_bot end where id = :id",
      {std::string(stage_name(chat.stage)), id_or_null(chat.queue), store::nullable(chat.owner),
       ms_of(chat.waiting_since), ms_of(chat.assigned_at), store::nullable(chat.handed_back_by), chat.id});
  Detail detail;
  if (step.reason == Reason::accepted) detail.waited_ms = now() - ms_of(chat.waiting_since);
  tell(step.reason == Reason::opened   ? "chat.created"
       : step.stage == Stage::finished ? "chat.finished"
                                       : "chat.changed",
       step, by, detail);
  greet(chat, step);
}

void RoutingTable::note(const Chat& chat, Reason reason, const Actor& by, std::optional<Id> subject) {
  Step step;
  step.chat = chat.id;
  step.stage = chat.stage;
  step.owner = chat.owner;
  step.queue = chat.queue;
  step.reason = reason;
  Detail detail;
  detail.subject = subject;
  tell("chat.changed", step, by, detail);
}

// In the chat's history and in the journal.
void RoutingTable::tell(const char* type, const Step& step, const Actor& by, const Detail& detail) {
  session_.exec(
      "insert into chat_history(id, chat, at, state, reason, actor, queue, operator, former, note, subject, "
      "waited_ms) "
      "values (:id, :chat, :at, :state, :reason, :actor, :queue, :operator, :former, :note, :subject, "
      ":waited)",
      {ids_.next(), step.chat, now(), std::string(stage_name(step.stage)),
       std::string(reason_name(step.reason)), by.name, id_or_null(step.queue), store::nullable(step.owner),
       store::nullable(step.former), by.note.empty() ? store::Value() : store::Value(by.note),
       store::nullable(detail.subject), store::nullable(detail.waited_ms)});
  journal::Entry entry(type, step.chat);
  entry.chat = step.chat;
  entry.queue = step.queue;
  entry.former_queue = step.former_queue;
  entry.owner = step.owner.value_or(0);
  entry.former = step.former.value_or(0);
  entry.state = stage_name(step.stage);
  entry.reason = reason_name(step.reason);
  journal::write(session_, ids_, now_, std::move(entry));
}

void RoutingTable::save(const Operator& one) {
  session_.exec(
      "update operators set available = :available, chats = :chats, last_taken_at = :last where id = :id",
      {static_cast<std::int64_t>(one.available), static_cast<std::int64_t>(one.chats), ms_of(one.last_taken),
       one.id});
}

void RoutingTable::show_status(const Operator& one) {
  const std::string status(status_name(one));
  if (session_.exec("update operators set shown = :status where id = :id and shown <> :status",
                    {status, one.id}) == 0)
    return;
  journal::Entry entry("operator.changed", one.id);
  entry.owner = one.id;
  entry.state = status;
  journal::write(session_, ids_, now_, std::move(entry));
}

std::vector<Id> RoutingTable::gone(std::size_t most) {
  return ids_of(session_.query(
      "select id from operators where shown <> 'offline' and present_until <= :now order by id limit :most",
      {now(), static_cast<std::int64_t>(most)}));
}

void RoutingTable::set_present(Id who, TimePoint until) {
  session_.exec("update operators set present_until = :until where id = :id", {ms_of(until), who});
}

// As is_offered() says of one chat.
std::vector<Id> RoutingTable::offering_queues(Id who, const Terms& terms) {
  std::vector<Id> offering;
  const auto one = read_operator(who);
  if (!one || !may_take(*one, terms)) return offering;
  for (const auto& row : session_.query(
           "with recursive mine(id) as (select role from role_members where member = :who union "
           "select roles.parent from roles join mine on roles.id = mine.id where roles.parent is not null) "
           "select id, rule from queues where id in (select queue from queue_operators where holder = :who "
           "or holder in (select id from mine)) order by id",
           {who})) {
    const auto* rule = find_rule(row.text(1));
    if (rule != nullptr && !rule->assigns()) offering.push_back(row.integer(0));
  }
  return offering;
}

Sight RoutingTable::sight(Id who, const Terms& terms) {
  Sight sight;
  sight.queues = offering_queues(who, terms);
  sight.own = ids_of(session_.query(
      "select id from chats where operator = :who and state <> 'finished' order by id", {who}));
  return sight;
}

Colleagues RoutingTable::colleagues() {
  Colleagues all;
  for (const auto& row : session_.query("select id, name from queues order by name, id"))
    all.queues.emplace_back(row.integer(0), row.text(1));
  for (const auto& row : session_.query(
           "with recursive these(id) as (select holder from queue_operators union select roles.id from roles "
           "join these on roles.parent = these.id) select users.id, users.name, operators.available, "
           "operators.present_until, operators.chats from users left join operators on operators.id = "
           "users.id "
           "where users.active = 1 and (users.id in (select id from these) or users.id in (select member "
           "from "
           "role_members where role in (select id from these))) order by users.name, users.id")) {
    auto& one = all.operators.emplace_back();
    one.id = one.standing.id = row.integer(0);
    one.name = row.text(1);
    one.standing.available = row.maybe_integer(2).value_or(0) != 0;
    one.standing.present = row.maybe_integer(3).value_or(0) > now();
    one.standing.chats = static_cast<std::size_t>(row.maybe_integer(4).value_or(0));
  }
  return all;
}

Desk RoutingTable::desk(Id who, const Terms& terms) {
  Desk desk;
  const auto one = read_operator(who);
  if (!one) return desk;
  desk.available = one->available;
  desk.present = one->present;
  desk.own = chats_of(session_.query(
      PB_ROUTED "where operator = :who and state <> 'finished' order by waiting_since, id", {who}));
  for (const auto queue : offering_queues(who, terms)) {
    const auto waiting = chats_of(session_.query(
        PB_ROUTED "where queue = :queue and state = 'waiting' order by waiting_since, id limit :most",
        {queue, static_cast<std::int64_t>(Desk::kOffered)}));
    desk.offered.insert(desk.offered.end(), waiting.begin(), waiting.end());
  }
  std::sort(desk.offered.begin(), desk.offered.end(), [](const Chat& a, const Chat& b) {
    return std::tie(a.waiting_since, a.id) < std::tie(b.waiting_since, b.id);
  });
  if (desk.offered.size() > Desk::kOffered) desk.offered.resize(Desk::kOffered);
  return desk;
}

std::vector<Change> RoutingTable::history(Id chat, Id after, std::size_t most) {
  std::vector<Change> changes;
  for (const auto& row : session_.query("select id, at, state, reason, actor, queue, operator, former, note, "
                                        "subject "
                                        "from chat_history where chat = :chat and "
                                        "id > :after order by id limit :most",
                                        {chat, after, static_cast<std::int64_t>(most)})) {
    Change change;
    change.id = row.integer(0);
    change.at = row.integer(1);
    change.state = row.text(2);
    change.reason = row.text(3);
    change.actor = row.text(4);
    change.queue = row.maybe_integer(5);
    change.owner = row.maybe_integer(6);
    change.former = row.maybe_integer(7);
    change.note = row.maybe_text(8).value_or("");
    change.subject = row.maybe_integer(9);
    changes.push_back(std::move(change));
  }
  return changes;
}

bool RoutingTable::may_read(Id chat, Id who, const Terms& terms) {
  const auto had = session_.query_one(
      "select 1 from chats where id = :chat and (operator = :who or exists (select 1 from chat_history where "
      "chat = "
      ":chat and operator = :who) or exists (select 1 from chats as own where own.operator = :who and "
      "own.state <> "
      "'finished' and own.client = chats.client))",
      {chat, who});
  if (had) return true;
  const auto row = session_.query_one(PB_ROUTED "where id = :id", {chat});
  if (!row) return false;
  const auto found = chat_of(*row);
  const auto of = queue(found.queue, who);
  const auto one = read_operator(who);
  return of && one && is_offered(found, *of, *one, terms);
}

bool RoutingTable::take(Id who, std::size_t chats, const Terms& terms) {
  return session_.exec(
             "update operators set chats = chats + :count where id = :id and available = 1 and present_until "
             "> :now and "
             "chats + :count <= :limit and exists (select 1 from users where users.id = operators.id and "
             "users.active = 1)",
             {static_cast<std::int64_t>(chats), who, now(), static_cast<std::int64_t>(terms.chats)}) == 1;
}

std::vector<Id> RoutingTable::lapsed(const Terms& terms, std::size_t most) {
  return ids_of(session_.query(
      "select operator from chats where state = 'assigned' and (assigned_at <= :missed or operator in "
      "(select "
      "id from operators where available = 0 or present_until <= :now)) union select operators.id from "
      "operators join users on users.id = operators.id where users.active = 0 and operators.chats > 0 order "
      "by "
      "1 limit :most",
      {ms_of(now_ - terms.accept_within), now(), static_cast<std::int64_t>(most)}));
}

std::vector<Id> RoutingTable::silent(std::size_t most) {
  std::vector<Id> all;
  for (const auto& queue :
       session_.query("select id, idle_ms, rule from queues where idle_ms is not null order by id")) {
    if (find_rule(queue.text(2)) == nullptr) continue;  // of a later release: its hosts look after it
    const auto found = ids_of(session_.query(
        "select chats.id from chats join queues on queues.id = chats.queue where chats.queue = :queue and "
        "chats.state <> 'finished' and chats.last_outgoing_at is not null and chats.last_outgoing_at <= "
        ":silent_since "
        "and (queues.keep_open = 0 or chats.last_incoming_at is null or chats.last_incoming_at <= "
        "chats.last_outgoing_at) order by chats.last_outgoing_at limit :most",
        {queue.integer(0), now() - queue.integer(1), static_cast<std::int64_t>(most - all.size())}));
    all.insert(all.end(), found.begin(), found.end());
    if (all.size() == most) break;
  }
  return all;
}

std::vector<Id> RoutingTable::queues_to_distribute() {
  std::vector<Id> all;
  for (const auto& row :
       session_.query("select queues.id, queues.rule, cast((select min(waiting_since) from chats where "
                      "chats.queue = queues.id and "
                      "chats.state = 'waiting') as bigint) as since from queues order by since")) {
    const auto* rule = find_rule(row.text(1));
    if (rule != nullptr && rule->assigns() && !row.is_null(2)) all.push_back(row.integer(0));
  }
  return all;
}

Chat RoutingTable::beginning(Id integration) {
  Chat chat;
  chat.stage = Stage::held;
  chat.waiting_since = now_;
  const auto row = session_.query_one("select active, queue from channels where integration = :integration",
                                      {integration});
  if (!row) return chat;
  chat.queue = row->maybe_integer(1).value_or(0);
  if (row->integer(0) != 0 && chat.queue != 0) chat.stage = Stage::waiting;
  return chat;
}

}  // namespace patchbay::domain::routing
