#include "domain/chat/quick_replies.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/joined.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "domain/routing/language.hpp"
#include "store/audit.hpp"
#include "store/dialect.hpp"

namespace patchbay::domain::chat {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxText = 4'000;
constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";

template <class F>
void each_macro(std::string_view text, const F& take) {
  for (auto at = text.find(kOpen); at != text.npos; at = text.find(kOpen, at)) {
    const auto end = text.find(kClose, at + kOpen.size());
    if (end == text.npos) return;
    take(at, text.substr(at + kOpen.size(), end - at - kOpen.size()));
    at = end + kClose.size();
  }
}

const std::vector<std::string>& macro_names() {
  static const auto* names = new std::vector<std::string>{"client", "operator", "queue"};
  return *names;
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == text.npos;
}

class Table {
 public:
  explicit Table(store::Session& session) : session_(session) {}

  std::vector<QuickReply> list(Id after, std::size_t limit) {
    return all(session_.query(kColumns + " where id > :after order by id limit :limit",
                              {after, static_cast<std::int64_t>(limit)}));
  }
  QuickReply require(Id id) { return first(session_.query(kColumns + " where id = :id", {id}), id); }
  // Nobody else changes it until the transaction ends.
  QuickReply hold(Id id) {
    const auto sql = (kColumns + " where id = :id").append(store::for_update(session_.dialect()));
    return first(session_.query(sql, {id}), id);
  }
  void require_free(const QuickReply& reply) {
    const auto other = session_.query_one(
        "select id from quick_replies where language = :language and name = :name and id <> :id",
        {reply.language, reply.name, reply.id});
    if (other) throw Error(Code::conflict, Text("domain.chat.quick_reply_taken", {{"name", reply.name}}));
  }
  void insert(const QuickReply& reply) {
    session_.exec(
        "insert into quick_replies(id, name, language, queue, text, created_at, updated_at) values (:id, "
        ":name, "
        ":language, cast(:queue as bigint), :text, :created_at, :updated_at)",
        {reply.id, reply.name, reply.language, store::nullable(reply.queue), reply.text, reply.created_at,
         reply.updated_at});
  }
  void update(const QuickReply& reply) {
    session_.exec(
        "update quick_replies set name = :name, language = :language, queue = cast(:queue as bigint), text = "
        ":text, "
        "updated_at = :at where id = :id",
        {reply.name, reply.language, store::nullable(reply.queue), reply.text, reply.updated_at, reply.id});
  }
  void remove(Id id) { session_.exec("delete from quick_replies where id = :id", {id}); }
  bool has_queue(Id id) {
    return session_.query_one("select id from queues where id = :id", {id}).has_value();
  }

  std::vector<QuickReply> of(const std::string& language, std::optional<Id> queue) {
    const auto primary = routing::primary_language(language);
    return all(session_.query(kColumns + " where (language = :primary or language like :regional) and (queue "
                                         "is null or queue = cast(:queue as bigint)) "
                                         "order by name, id",
                              {primary, primary + "-%", store::nullable(queue)}));
  }

 private:
  inline static const std::string kColumns =
      "select id, name, language, queue, text, created_at, updated_at from quick_replies";

  static QuickReply first(const std::vector<store::Row>& rows, Id id) {
    if (rows.empty())
      throw Error(Code::not_found, Text("domain.chat.no_quick_reply", {{"id", to_string_id(id)}}));
    return all(rows).front();
  }
  static std::vector<QuickReply> all(const std::vector<store::Row>& rows) {
    std::vector<QuickReply> replies;
    for (const auto& row : rows) {
      QuickReply reply;
      reply.id = row.integer(0);
      reply.name = row.text(1);
      reply.language = row.text(2);
      reply.queue = row.maybe_integer(3);
      reply.text = row.text(4);
      reply.created_at = row.integer(5);
      reply.updated_at = row.integer(6);
      replies.push_back(std::move(reply));
    }
    return replies;
  }

  store::Session& session_;
};

void check_text(const std::string& text, std::vector<Diagnostic>& findings) {
  if (is_blank(text) || utf16_length(text) > kMaxText)
    findings.emplace_back("/text", Text("domain.name", {{"max", std::to_string(kMaxText)}}));
  each_macro(text, [&](std::size_t, std::string_view name) {
    const auto& known = macro_names();
    if (std::find(known.begin(), known.end(), name) != known.end()) return;
    findings.emplace_back("/text",
                          Text("domain.chat.macro", {{"name", std::string(name)}, {"known", joined(known)}}));
  });
}

void apply(const QuickReplyChange& change, QuickReply& reply, Table& table) {
  std::vector<Diagnostic> findings;
  if (change.name) {
    reply.name = repair_utf8(*change.name);
    if (is_blank(reply.name) || utf16_length(reply.name) > kMaxName)
      findings.emplace_back("/name", Text("domain.name", {{"max", std::to_string(kMaxName)}}));
  }
  if (change.language) {
    const auto tag = routing::language_tag(*change.language);
    if (!tag) findings.emplace_back("/language", Text("domain.language_tag"));
    reply.language = tag.value_or("");
  }
  if (change.queue) {
    reply.queue = *change.queue;
    if (reply.queue && !table.has_queue(*reply.queue))
      findings.emplace_back("/queue", Text("domain.routing.no_queue", {{"id", to_string_id(*reply.queue)}}));
  }
  if (change.text) {
    reply.text = repair_utf8(*change.text);
    check_text(reply.text, findings);
  }
  if (findings.empty()) return;
  Error error(Code::invalid, Text("domain.refused"));
  for (auto& finding : findings) error.add(std::move(finding));
  throw error;
}

json shown(const QuickReply& reply) {
  return {{"name", reply.name},
          {"language", reply.language},
          {"queue", reply.queue ? to_string_id(*reply.queue) : ""},
          {"text", reply.text}};
}

void audit(store::Session& session, IdMint& ids, std::int64_t now, const store::Actor& who,
           const char* action, Id id, const json& detail) {
  store::write_audit(session, store::AuditEntry(ids.next(), now, who, action,
                                                "quick_reply:" + to_string_id(id), detail.dump()));
}

}  // namespace

std::string expand(std::string_view text, const Macros& macros) {
  std::string out;
  std::size_t done = 0;
  each_macro(text, [&](std::size_t at, std::string_view name) {
    const auto found = macros.find(name);
    if (found == macros.end()) return;
    out.append(text.substr(done, at - done)).append(found->second);
    done = at + kOpen.size() + name.size() + kClose.size();
  });
  return out.append(text.substr(done));
}

asio::awaitable<std::vector<QuickReply>> QuickReplies::list(Id after, std::size_t limit) {
  auto work = [=](store::Session& session) { return Table(session).list(after, limit); };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<QuickReply> QuickReplies::get(Id id) {
  auto work = [=](store::Session& session) { return Table(session).require(id); };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<QuickReply> QuickReplies::create(QuickReplyChange wanted, store::Actor who) {
  if (!wanted.name) wanted.name.emplace();
  if (!wanted.language) wanted.language.emplace();
  if (!wanted.text) wanted.text.emplace();
  auto work = [=, this](store::Session& session) {
    Table table(session);
    QuickReply fresh;
    fresh.id = ids_.next();
    fresh.created_at = fresh.updated_at = clock_.now().time_since_epoch().count();
    apply(wanted, fresh, table);
    table.require_free(fresh);
    table.insert(fresh);
    audit(session, ids_, fresh.created_at, who, "quick_reply.create", fresh.id, {{"new", shown(fresh)}});
    return fresh;
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<QuickReply> QuickReplies::change(Id id, QuickReplyChange change, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    Table table(session);
    const auto before = table.hold(id);
    auto after = before;
    apply(change, after, table);
    if (shown(before) == shown(after)) return before;
    table.require_free(after);
    after.updated_at = clock_.now().time_since_epoch().count();
    table.update(after);
    audit(session, ids_, after.updated_at, who, "quick_reply.change", id,
          {{"old", shown(before)}, {"new", shown(after)}});
    return after;
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<void> QuickReplies::remove(Id id, store::Actor who) {
  auto work = [=, this](store::Session& session) {
    Table table(session);
    const auto reply = table.require(id);
    table.remove(id);
    audit(session, ids_, clock_.now().time_since_epoch().count(), who, "quick_reply.remove", id,
          {{"old", shown(reply)}});
  };
  co_await store_.write(std::move(work));
}

asio::awaitable<std::vector<QuickReply>> QuickReplies::for_chat(Id chat, std::string operator_name) {
  auto work = [chat, operator_name = std::move(operator_name)](store::Session& session) {
    std::vector<QuickReply> replies;
    const auto row = session.query_one(
        "select channels.language, chats.queue, chat_clients.name, chats.title, queues.name from chats left "
        "join channels "
        "on channels.integration = chats.integration left join chat_clients on chat_clients.id = "
        "chats.client left join "
        "queues on queues.id = chats.queue where chats.id = :chat",
        {chat});
    if (!row) return replies;
    Macros macros;
    macros["client"] = row->maybe_text(2).value_or(row->text(3));
    macros["operator"] = operator_name;
    macros["queue"] = row->maybe_text(4).value_or("");
    replies = Table(session).of(row->maybe_text(0).value_or("en"), row->maybe_integer(1));
    for (auto& reply : replies) reply.text = expand(reply.text, macros);
    return replies;
  };
  co_return co_await store_.read(std::move(work));
}

}  // namespace patchbay::domain::chat
