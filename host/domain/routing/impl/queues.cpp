#include "domain/routing/queues.hpp"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/joined.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "domain/journal/journal.hpp"
#include "domain/routing/business_hours.hpp"
#include "domain/routing/impl/routing_table.hpp"
#include "domain/routing/language.hpp"
#include "domain/routing/rule.hpp"
#include "schema/nearest.hpp"
#include "store/audit.hpp"
#include "store/dialect.hpp"

namespace patchbay::domain::routing {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxWords = 4'000;
constexpr std::int64_t kMostMinutes = 30LL * 24 * 60;
constexpr std::int64_t kMinute = 60'000;

using Findings = std::vector<Diagnostic>;

void throw_if_any(Findings findings) {
  if (findings.empty()) return;
  Error error(Code::invalid, Text("domain.refused"));
  for (auto& finding : findings) error.add(std::move(finding));
  throw error;
}

// The tables of queues and channels, in the caller's transaction.
class QueueTable {
 public:
  explicit QueueTable(store::Session& session) : session_(session) {}

  std::vector<QueueRow> list(Id after, std::size_t limit) {
    return with_operators(session_.query(kColumns + " where id > :after order by id limit :limit",
                                         {after, static_cast<std::int64_t>(limit)}));
  }
  std::optional<QueueRow> find(Id id) { return first(session_.query(kColumns + " where id = :id", {id})); }
  std::optional<QueueRow> named(const std::string& name) {
    return first(session_.query(kColumns + " where name = :name", {name}));
  }
  QueueRow require(Id id) {
    if (auto found = find(id)) return std::move(*found);
    throw Error(Code::not_found, Text("domain.routing.no_queue", {{"id", to_string_id(id)}}));
  }

  void insert(const QueueRow& queue) {
    session_.exec(
        "insert into queues(id, name, rule, idle_ms, keep_open, hours, away, created_at, updated_at) values "
        "(:id, "
        ":name, :rule, :idle, :keep_open, :hours, :away, :created_at, :updated_at)",
        {queue.id, queue.name, queue.rule, idle_of(queue), std::int64_t{queue.keep_open}, queue.hours,
         queue.away, queue.created_at, queue.updated_at});
    set_operators(queue);
  }
  void update(const QueueRow& queue) {
    session_.exec(
        "update queues set name = :name, rule = :rule, idle_ms = :idle, keep_open = :keep_open, hours = "
        ":hours, away "
        "= :away, updated_at = :at where id = :id",
        {queue.name, queue.rule, idle_of(queue), std::int64_t{queue.keep_open}, queue.hours, queue.away,
         queue.updated_at, queue.id});
    set_operators(queue);
  }
  void remove(Id id) {
    session_.exec("update channels set queue = null where queue = :id", {id});
    session_.exec("delete from queues where id = :id", {id});
  }
  bool is_holder(Id id) {
    return session_
        .query_one("select id from users where id = :id union all select id from roles where id = :id", {id})
        .has_value();
  }

  // Names of the active channels that point to a queue.
  std::vector<std::string> channels_of(Id queue) {
    std::vector<std::string> names;
    for (const auto& row :
         session_.query("select integrations.name from channels join integrations on integrations.id = "
                        "channels.integration where "
                        "channels.queue = :queue and channels.active = 1 order by integrations.name",
                        {queue}))
      names.push_back(row.text(0));
    return names;
  }
  bool has_open_chats(Id queue) {
    return session_
        .query_one(
            "select id from chats where queue = :queue and state <> 'finished' and state <> 'held' limit 1",
            {queue})
        .has_value();
  }

 private:
  inline static const std::string kColumns =
      "select id, name, rule, idle_ms, keep_open, created_at, updated_at, hours, away from queues";

  static store::Value idle_of(const QueueRow& queue) {
    return queue.idle_minutes ? store::Value(*queue.idle_minutes * kMinute) : store::Value();
  }
  void set_operators(const QueueRow& queue) {
    session_.exec("delete from queue_operators where queue = :queue", {queue.id});
    for (const auto holder : queue.operators)
      session_.exec("insert into queue_operators(queue, holder) values (:queue, :holder)",
                    {queue.id, holder});
  }
  std::optional<QueueRow> first(const std::vector<store::Row>& rows) {
    if (rows.empty()) return std::nullopt;
    return with_operators(rows).front();
  }
  std::vector<QueueRow> with_operators(const std::vector<store::Row>& rows) {
    std::vector<QueueRow> queues;
    std::vector<store::Values> ids;
    for (const auto& row : rows) {
      QueueRow queue;
      queue.id = row.integer(0);
      queue.name = row.text(1);
      queue.rule = row.text(2);
      if (const auto idle = row.maybe_integer(3)) queue.idle_minutes = *idle / kMinute;
      queue.keep_open = row.integer(4) != 0;
      queue.created_at = row.integer(5);
      queue.updated_at = row.integer(6);
      queue.hours = row.text(7);
      queue.away = row.text(8);
      queues.push_back(std::move(queue));
      ids.push_back({queues.back().id});
    }
    const auto operators = session_.query_each(
        "select holder from queue_operators where queue = :queue order by holder", std::move(ids));
    for (std::size_t i = 0; i < queues.size(); ++i) {
      for (const auto& row : operators.at(i)) queues[i].operators.push_back(row.integer(0));
    }
    return queues;
  }

  store::Session& session_;
};

void check_hours(const std::string& hours, Findings& findings) {
  try {
    read_hours(json::parse(hours), "/hours");
  } catch (const Error& error) {
    const auto& found = error.diagnostics();
    findings.insert(findings.end(), found.begin(), found.end());
  }
}

// What is said to clients by itself.
std::string checked_words(const std::string& given, const char* path, Findings& findings) {
  auto words = repair_utf8(given);
  if (words.find_first_not_of(" \t\r\n") == words.npos) words.clear();
  if (utf16_length(words) > kMaxWords)
    findings.emplace_back(path, Text("domain.routing.words", {{"max", std::to_string(kMaxWords)}}));
  return words;
}

void apply(const QueueChange& change, QueueRow& queue, QueueTable& table) {
  Findings findings;
  if (change.name) {
    queue.name = repair_utf8(*change.name);
    if (queue.name.find_first_not_of(" \t\r\n") == std::string::npos || utf16_length(queue.name) > kMaxName)
      findings.emplace_back("/name", Text("domain.name", {{"max", std::to_string(kMaxName)}}));
  }
  if (change.rule) {
    queue.rule = *change.rule;
    if (find_rule(queue.rule) == nullptr)
      findings.emplace_back("/rule", Text("domain.routing.rule", {{"known", joined(rule_names())}}));
  }
  if (change.idle_minutes) {
    queue.idle_minutes = *change.idle_minutes == 0 ? std::nullopt : change.idle_minutes;
    if (*change.idle_minutes < 0 || *change.idle_minutes > kMostMinutes)
      findings.emplace_back("/idle_minutes",
                            Text("domain.routing.minutes", {{"max", std::to_string(kMostMinutes)}}));
  }
  if (change.keep_open) queue.keep_open = *change.keep_open;
  if (change.hours) {
    queue.hours = *change.hours;
    if (!queue.hours.empty()) check_hours(queue.hours, findings);
  }
  if (change.away) queue.away = checked_words(*change.away, "/away", findings);
  if (change.operators) {
    queue.operators = *change.operators;
    for (std::size_t i = 0; i < queue.operators.size(); ++i) {
      if (!table.is_holder(queue.operators[i]))
        findings.emplace_back("/operators/" + std::to_string(i),
                              Text("domain.routing.no_holder", {{"id", to_string_id(queue.operators[i])}}));
    }
    std::sort(queue.operators.begin(), queue.operators.end());
    queue.operators.erase(std::unique(queue.operators.begin(), queue.operators.end()), queue.operators.end());
  }
  throw_if_any(std::move(findings));
}

void require_free(QueueTable& table, const QueueRow& queue) {
  const auto other = table.named(queue.name);
  if (other && other->id != queue.id)
    throw Error(Code::conflict, Text("domain.routing.queue_taken", {{"name", queue.name}}));
}

json shown(const QueueRow& queue) {
  auto operators = json::array();
  for (const auto one : queue.operators) operators.push_back(to_string_id(one));
  return {{"name", queue.name},
          {"rule", queue.rule},
          {"idle_minutes", queue.idle_minutes.value_or(0)},
          {"keep_open", queue.keep_open},
          {"hours", queue.hours},
          {"away", queue.away},
          {"operators", std::move(operators)}};
}

json shown(const Channel& channel) {
  return {{"active", channel.active},
          {"queue", channel.queue ? to_string_id(*channel.queue) : ""},
          {"language", channel.language},
          {"welcome", channel.welcome}};
}

#define PB_CHANNELS                                                                                     \
  "select integrations.id, integrations.name, integrations.plugin, channels.active, channels.queue, "   \
  "channels.language, channels.welcome from integrations left join channels on channels.integration = " \
  "integrations.id where "

Channel channel_of(const store::Row& row) {
  Channel channel;
  channel.integration = row.integer(0);
  channel.name = row.text(1);
  channel.plugin = row.text(2);
  channel.active = row.maybe_integer(3).value_or(0) != 0;
  channel.queue = row.maybe_integer(4);
  channel.language = row.maybe_text(5).value_or("en");
  channel.welcome = row.maybe_text(6).value_or("");
  return channel;
}

// A channel that was never changed has no row that could be held.
void hold_integration(store::Session& session, Id integration) {
  session.query(
      std::string("select id from integrations where id = :id").append(store::for_update(session.dialect())),
      {integration});
}

Channel require_channel(store::Session& session, Id integration) {
  const auto row = session.query_one(PB_CHANNELS "integrations.id = :id", {integration});
  if (!row)
    throw Error(Code::not_found, Text("domain.routing.no_channel", {{"id", to_string_id(integration)}}));
  return channel_of(*row);
}

void apply(const ChannelChange& change, Channel& channel, QueueTable& table) {
  Findings findings;
  if (change.queue) {
    channel.queue = change.queue;
    if (!table.find(*change.queue))
      findings.emplace_back("/queue", Text("domain.routing.no_queue", {{"id", to_string_id(*change.queue)}}));
  }
  if (change.language) {
    const auto tag = language_tag(*change.language);
    if (!tag) findings.emplace_back("/language", Text("domain.language_tag"));
    channel.language = tag.value_or("");
  }
  if (change.welcome) channel.welcome = checked_words(*change.welcome, "/welcome", findings);
  if (change.active) channel.active = *change.active;
  if (channel.active && !channel.queue) findings.emplace_back("/queue", Text("domain.routing.needs_queue"));
  throw_if_any(std::move(findings));
}

// CHAT-22: what nobody has accepted is not distributed any more.
void hold_back_all(store::Session& session, IdMint& ids, TimePoint now, Id integration,
                   const store::Actor& who) {
  RoutingTable table(session, ids, now);
  auto chats = table.hold_unaccepted(integration);
  std::map<Id, std::optional<Operator>> operators;
  for (const auto& chat : chats) {
    if (chat.owner) operators.try_emplace(*chat.owner);
  }
  for (auto& [id, one] : operators) one = table.hold_operator(id);
  for (auto& chat : chats) {
    auto* owner = chat.owner ? &operators.at(*chat.owner).value() : nullptr;
    const auto outcome = hold_back(chat, owner);
    if (outcome.step) table.save(chat, *outcome.step, Actor(who.name));
  }
  for (const auto& [id, one] : operators) table.save(*one);
}

// For the audit log and the journal.
void tell(store::Session& session, IdMint& ids, TimePoint now, const store::Actor& who, const char* action,
          Id id, const json& before, const json& after) {
  json detail = {{"new", after}};
  if (!before.empty()) detail["old"] = before;
  const bool queue = std::string_view(action).starts_with("queue.");
  store::write_audit(
      session, store::AuditEntry(ids.next(), now.time_since_epoch().count(), who, action,
                                 (queue ? "queue:" : "integration:") + to_string_id(id), detail.dump()));
  journal::write(session, ids, now, journal::Entry(queue ? "queue.changed" : "channel.changed", id));
}

}  // namespace

asio::awaitable<std::vector<QueueRow>> Queues::list(Id after, std::size_t limit) {
  auto work = [=](store::Session& session) { return QueueTable(session).list(after, limit); };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<QueueRow> Queues::get(Id id) {
  auto work = [=](store::Session& session) { return QueueTable(session).require(id); };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<QueueRow> Queues::create(QueueChange wanted, store::Actor who) {
  if (!wanted.name) wanted.name.emplace();
  auto work = [=, this](store::Session& session) {
    QueueTable table(session);
    QueueRow fresh;
    fresh.id = ids_.next();
    fresh.created_at = fresh.updated_at = clock_.now().time_since_epoch().count();
    apply(wanted, fresh, table);
    require_free(table, fresh);
    table.insert(fresh);
    tell(session, ids_, clock_.now(), who, "queue.create", fresh.id, {}, shown(fresh));
    return fresh;
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<QueueRow> Queues::change(Id id, QueueChange change, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    QueueTable table(session);
    RoutingTable(session, ids_, clock_.now()).hold_queue(id);
    const auto before = table.require(id);
    auto after = before;
    apply(change, after, table);
    if (shown(before) == shown(after)) return before;
    require_free(table, after);
    after.updated_at = clock_.now().time_since_epoch().count();
    table.update(after);
    tell(session, ids_, clock_.now(), who, "queue.change", id, shown(before), shown(after));
    return after;
  };
  auto changed = co_await store_.write(std::move(work));
  changed_();
  co_return changed;
}

asio::awaitable<void> Queues::remove(Id id, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    QueueTable table(session);
    RoutingTable(session, ids_, clock_.now()).hold_queue(id);
    const auto queue = table.require(id);
    const auto names = joined(table.channels_of(id));
    if (!names.empty())
      throw Error(Code::conflict,
                  Text("domain.routing.queue_used", {{"name", queue.name}, {"channels", names}}));
    if (table.has_open_chats(id))
      throw Error(Code::conflict, Text("domain.routing.queue_open", {{"name", queue.name}}));
    table.remove(id);
    tell(session, ids_, clock_.now(), who, "queue.remove", id, shown(queue), json());
  };
  co_await store_.write(std::move(work));
}

asio::awaitable<std::vector<Channel>> Queues::channels(Id after, std::size_t limit) {
  auto work = [=](store::Session& session) {
    std::vector<Channel> all;
    for (const auto& row :
         session.query(PB_CHANNELS "integrations.id > :after order by integrations.id limit :limit",
                       {after, static_cast<std::int64_t>(limit)}))
      all.push_back(channel_of(row));
    return all;
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Channel> Queues::channel(Id integration) {
  auto work = [=](store::Session& session) { return require_channel(session, integration); };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Channel> Queues::change_channel(Id integration, ChannelChange change, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    QueueTable table(session);
    hold_integration(session, integration);
    RoutingTable(session, ids_, clock_.now()).hold_channel(integration);
    const auto before = require_channel(session, integration);
    auto after = before;
    apply(change, after, table);
    if (shown(before) == shown(after)) return before;
    session.exec(
        "insert into channels(integration, active, queue, language, welcome) values (:integration, :active, "
        ":queue, "
        ":language, :welcome) on conflict(integration) do update set active = excluded.active, queue = "
        "excluded.queue, language = excluded.language, welcome = excluded.welcome",
        {integration, std::int64_t{after.active}, store::nullable(after.queue), after.language,
         after.welcome});
    if (before.active && !after.active) hold_back_all(session, ids_, clock_.now(), integration, who);
    tell(session, ids_, clock_.now(), who, "channel.change", integration, shown(before), shown(after));
    return after;
  };
  auto changed = co_await store_.write(std::move(work));
  changed_();
  co_return changed;
}

}  // namespace patchbay::domain::routing
