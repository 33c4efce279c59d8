#include "domain/chat/chat_actions.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/joined.hpp"
#include "base/utf8.hpp"
#include "domain/chat/impl/chat_table.hpp"
#include "domain/routing/impl/routing_table.hpp"
#include "schema/schema.hpp"
#include "store/audit.hpp"
#include "store/dialect.hpp"

namespace patchbay::domain::chat {
namespace {

namespace asio = boost::asio;
using nlohmann::json;
using processes::Process;
using processes::Run;

constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxKey = 255;

class Table {
 public:
  explicit Table(store::Session& session) : session_(session) {}

  std::vector<ChatAction> list(Id after, std::size_t limit) {
    return all(session_.query(kColumns + " where id > :after order by id limit :limit",
                              {after, static_cast<std::int64_t>(limit)}));
  }
  ChatAction require(Id id) { return first(session_.query(kColumns + " where id = :id", {id}), id); }
  // Nobody else changes it until the transaction ends.
  ChatAction hold(Id id) {
    const auto sql = (kColumns + " where id = :id").append(store::for_update(session_.dialect()));
    return first(session_.query(sql, {id}), id);
  }
  void require_free(const ChatAction& action) {
    const auto other =
        session_.query_one("select id from chat_actions where queue = :queue and name = :name and id <> :id",
                           {action.queue, action.name, action.id});
    if (other) throw Error(Code::conflict, Text("domain.chat.action_taken", {{"name", action.name}}));
  }
  void insert(const ChatAction& action) {
    session_.exec(
        "insert into chat_actions(id, name, queue, process, created_at, updated_at) values (:id, :name, "
        ":queue, :process, :created_at, :updated_at)",
        {action.id, action.name, action.queue, action.process, action.created_at, action.updated_at});
  }
  void update(const ChatAction& action) {
    session_.exec(
        "update chat_actions set name = :name, queue = :queue, process = :process, updated_at = :at where id "
        "= :id",
        {action.name, action.queue, action.process, action.updated_at, action.id});
  }
  void remove(Id id) { session_.exec("delete from chat_actions where id = :id", {id}); }
  bool has_queue(Id id) {
    return session_.query_one("select id from queues where id = :id", {id}).has_value();
  }

  std::vector<ChatAction> of(Id queue) {
    return all(session_.query(kColumns + " where queue = :queue order by name, id", {queue}));
  }
  std::vector<std::string> names_of(const std::string& process) {
    std::vector<std::string> names;
    for (const auto& row :
         session_.query("select name from chat_actions where process = :process order by name", {process}))
      names.push_back(row.text(0));
    return names;
  }

  // What a key has started in a chat: the action and its run.
  std::optional<std::pair<Id, Id>> started(Id chat, const std::string& key) {
    const auto row = session_.query_one(
        "select action, run from chat_action_starts where chat = :chat and key = :key", {chat, key});
    return row ? std::optional(std::pair(row->integer(0), row->integer(1))) : std::nullopt;
  }
  void add_start(Id chat, const std::string& key, Id action, Id run) {
    session_.exec(
        "insert into chat_action_starts(chat, key, action, run) values (:chat, :key, :action, :run)",
        {chat, key, action, run});
  }

 private:
  inline static const std::string kColumns =
      "select id, name, queue, process, created_at, updated_at from chat_actions";

  static ChatAction first(const std::vector<store::Row>& rows, Id id) {
    if (rows.empty()) throw Error(Code::not_found, Text("domain.chat.no_action", {{"id", to_string_id(id)}}));
    return all(rows).front();
  }
  static std::vector<ChatAction> all(const std::vector<store::Row>& rows) {
    std::vector<ChatAction> actions;
    for (const auto& row : rows) {
      ChatAction action;
      action.id = row.integer(0);
      action.name = row.text(1);
      action.queue = row.integer(2);
      action.process = row.text(3);
      action.created_at = row.integer(4);
      action.updated_at = row.integer(5);
      actions.push_back(std::move(action));
    }
    return actions;
  }

  store::Session& session_;
};

// What a chat gives to a process, of what the process takes.
enum class Given { chat, contact, nothing };

Given given_to(const processes::Parameter& parameter) {
  const bool holds_id = parameter.type == "id" || parameter.type == "text";
  if (holds_id && parameter.code == "ChatId") return Given::chat;
  if (holds_id && parameter.code == "ContactId") return Given::contact;
  return Given::nothing;
}

// What the process needs and no chat gives.
std::optional<Text> lacking(const Process& process) {
  std::vector<std::string> codes;
  for (const auto& one : process.parameters) {
    if (one.required && given_to(one) == Given::nothing) codes.push_back(one.code);
  }
  if (codes.empty()) return std::nullopt;
  return Text("domain.chat.action_lacks", {{"process", process.code}, {"parameters", joined(codes)}});
}

bool is_of(store::Session& session, Id integration, const std::string& plugin) {
  return session
      .query_one("select id from integrations where id = :id and plugin = :plugin", {integration, plugin})
      .has_value();
}

json parameters_for(store::Session& session, const ChatAction& action, const Process& process,
                    const Chat& chat) {
  if (const auto why = lacking(process)) throw Error(Code::conflict, *why);
  auto parameters = json::object();
  if (is_of(session, chat.integration, process.plugin))
    parameters[processes::kIntegration] = to_string_id(chat.integration);
  for (const auto& one : process.parameters) {
    const auto given = given_to(one);
    if (given == Given::chat) parameters[one.code] = to_string_id(chat.id);
    if (given != Given::contact) continue;
    if (chat.contact) parameters[one.code] = to_string_id(*chat.contact);
    if (one.required && !chat.contact)
      throw Error(Code::conflict, Text("domain.chat.action_needs_contact", {{"name", action.name}}));
  }
  return parameters;
}

Chat require(std::optional<Chat> found, Id id) {
  if (!found) throw Error(Code::not_found, Text("domain.chat.no_chat", {{"id", to_string_id(id)}}));
  return std::move(*found);
}

bool may_start(store::Session& session, IdMint& ids, TimePoint now, const Chat& chat,
               const routing::Person& who) {
  if (who.manages || chat.owner == who.id) return true;
  const auto queue =
      chat.queue ? routing::RoutingTable(session, ids, now).queue(*chat.queue, who.id) : std::nullopt;
  return queue && routing::serves(*queue, who.id);
}

json shown(const ChatAction& action) {
  return {{"name", action.name}, {"queue", to_string_id(action.queue)}, {"process", action.process}};
}

void audit(store::Session& session, IdMint& ids, std::int64_t now, const store::Actor& who,
           const char* action, Id id, const json& detail) {
  store::write_audit(session, store::AuditEntry(ids.next(), now, who, action,
                                                "chat_action:" + to_string_id(id), detail.dump()));
}

void apply(store::Session& session, processes::Processes& processes, const ChatActionChange& change,
           ChatAction& action) {
  std::vector<Diagnostic> findings;
  if (change.name) {
    action.name = repair_utf8(*change.name);
    if (action.name.find_first_not_of(" \t\r\n") == std::string::npos || utf16_length(action.name) > kMaxName)
      findings.emplace_back("/name", Text("domain.name", {{"max", std::to_string(kMaxName)}}));
  }
  if (change.queue) {
    action.queue = *change.queue;
    if (!Table(session).has_queue(action.queue))
      findings.emplace_back("/queue", Text("domain.routing.no_queue", {{"id", to_string_id(action.queue)}}));
  }
  if (change.process) {
    action.process = *change.process;
    const auto process = processes.find_in(session, action.process);
    if (!process) {
      findings.emplace_back("/process", Text("domain.processes.no_process",
                                             {{"code", repair_utf8(action.process).substr(0, 100)}}));
    } else if (auto why = lacking(*process)) {
      findings.emplace_back("/process", std::move(*why));
    }
  }
  schema::throw_if_any(std::move(findings), Text("domain.refused"));
}

}  // namespace

ChatActions::ChatActions(store::Store& store, const Clock& clock, IdMint& ids,
                         processes::Processes& processes)
    : store_(store), clock_(clock), ids_(ids), processes_(processes) {
  processes_.used_by(
      [](store::Session& session, const std::string& code) { return Table(session).names_of(code); });
}

asio::awaitable<std::vector<ChatAction>> ChatActions::list(Id after, std::size_t limit) {
  auto work = [=](store::Session& session) { return Table(session).list(after, limit); };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<ChatAction> ChatActions::get(Id id) {
  auto work = [=](store::Session& session) { return Table(session).require(id); };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<ChatAction> ChatActions::create(ChatActionChange wanted, store::Actor who) {
  if (!wanted.name) wanted.name.emplace();
  if (!wanted.queue) wanted.queue = 0;
  if (!wanted.process) wanted.process.emplace();
  auto work = [=, this](store::Session& session) {
    Table table(session);
    ChatAction fresh;
    fresh.id = ids_.next();
    fresh.created_at = fresh.updated_at = clock_.now().time_since_epoch().count();
    apply(session, processes_, wanted, fresh);
    table.require_free(fresh);
    table.insert(fresh);
    audit(session, ids_, fresh.created_at, who, "chat_action.create", fresh.id, {{"new", shown(fresh)}});
    return fresh;
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<ChatAction> ChatActions::change(Id id, ChatActionChange change, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    Table table(session);
    const auto before = table.hold(id);
    auto after = before;
    apply(session, processes_, change, after);
    if (shown(before) == shown(after)) return before;
    table.require_free(after);
    after.updated_at = clock_.now().time_since_epoch().count();
    table.update(after);
    audit(session, ids_, after.updated_at, who, "chat_action.change", id,
          {{"old", shown(before)}, {"new", shown(after)}});
    return after;
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<void> ChatActions::remove(Id id, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    Table table(session);
    const auto action = table.require(id);
    table.remove(id);
    audit(session, ids_, clock_.now().time_since_epoch().count(), who, "chat_action.remove", id,
          {{"old", shown(action)}});
  };
  co_await store_.write(std::move(work));
}

asio::awaitable<std::vector<ChatAction>> ChatActions::for_chat(Id chat, routing::Person who) {
  auto work = [=, this](store::Session& session) {
    Context context(session, ids_, clock_);
    const auto found = require(ChatTable(context).find_current(chat), chat);
    const bool open = found.queue && found.state != "finished";
    if (!open || !may_start(session, ids_, clock_.now(), found, who)) return std::vector<ChatAction>();
    return Table(session).of(*found.queue);
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Run> ChatActions::start(Id chat, Id action, std::string key, routing::Person who) {
  if (key.size() > kMaxKey) throw Error(Code::invalid, Text("domain.chat.key_long"));
  auto work = [=, this](store::Session& session) {
    Context context(session, ids_, clock_);
    Table table(session);
    const auto held = require(ChatTable(context).hold(chat), chat);
    const auto wanted = table.require(action);
    if (!may_start(session, ids_, clock_.now(), held, who))
      throw Error(Code::denied, Text("domain.chat.action_not_yours"));
    const auto before = key.empty() ? std::nullopt : table.started(held.id, key);
    if (before && before->first != action) throw Error(Code::conflict, Text("domain.chat.action_key_reused"));
    if (before) return before->second;
    if (held.state == "finished") throw Error(Code::conflict, Text("domain.chat.action_finished"));
    if (held.queue != wanted.queue)
      throw Error(Code::conflict, Text("domain.chat.action_elsewhere", {{"name", wanted.name}}));
    const auto process = processes_.find_in(session, wanted.process);
    if (!process)
      throw Error(Code::conflict,
                  Text("domain.chat.action_gone", {{"name", wanted.name}, {"process", wanted.process}}));
    const auto run = processes_.start_in(session, process->code,
                                         parameters_for(session, wanted, *process, held), who.name);
    if (!key.empty()) table.add_start(held.id, key, action, run.id);
    routing::RoutingTable routing(session, ids_, clock_.now());
    routing.note(routing.hold_chat(held.id).value(), routing::Reason::action_started,
                 routing::Actor(who.name, wanted.name), run.id);
    return run.id;
  };
  const auto run = co_await store_.write(std::move(work));
  processes_.wake();
  co_return co_await processes_.run(run);
}

}  // namespace patchbay::domain::chat
