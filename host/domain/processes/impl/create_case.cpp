#include "domain/processes/create_case.hpp"

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "domain/routing/impl/routing_table.hpp"

namespace patchbay::domain::processes {

using nlohmann::json;

namespace {

constexpr const char* kCase = "case";
constexpr std::size_t kMostName = 120;  // bytes

// What a chat says about itself.
struct ChatFacts {
  std::string title;
  std::string client;
  std::optional<Id> contact;
  std::string first_words;
};

[[noreturn]] void no_chat(Id chat) {
  throw Error(Code::not_found, Text("domain.chat.no_chat", {{"id", to_string_id(chat)}}));
}

ChatFacts facts_of(store::Session& session, Id chat) {
  const auto row = session.query_one(
      "select chats.title, coalesce(chat_clients.name, ''), chat_clients.contact from chats left join "
      "chat_clients on "
      "chat_clients.id = chats.client where chats.id = :id",
      {chat});
  if (!row) no_chat(chat);
  ChatFacts facts;
  facts.title = row->text(0);
  facts.client = row->text(1);
  facts.contact = row->maybe_integer(2);
  const auto first = session.query_one(
      "select text from messages where chat = :chat and direction = 'in' and text <> '' order by "
      "provider_at, sequence, "
      "id limit 1",
      {chat});
  if (first) facts.first_words = first->text(0);
  return facts;
}

// The client's first words tell cases apart better than his name alone.
std::string name_of(const ChatFacts& facts, Id chat) {
  auto name = facts.client.empty() ? facts.title : facts.client;
  const auto line = facts.first_words.substr(0, facts.first_words.find('\n'));
  if (!line.empty()) name += (name.empty() ? "" : ": ") + line;
  if (name.empty()) name = to_string_id(chat);
  if (name.size() > kMostName) {
    auto end = kMostName;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    name = name.substr(0, end) + "\u2026";
  }
  return name;
}

Id chat_of(const json& parameters) {
  return parse_id(parameters.at("ChatId").get<std::string>()).value_or(0);
}

// The case tells what the chat says. One that he may not read is none to him, whatever it is.
void require_chat(store::Session& session, records::Tools& tools, const Starter& who, Id chat,
                  const routing::Terms& terms) {
  const bool there = session.query_one("select id from chats where id = :id", {chat}).has_value();
  routing::RoutingTable routing(session, tools.ids, tools.clock.now());
  if (!there || (!who.reads_chats && !routing.may_read(chat, who.asker.user, terms))) no_chat(chat);
}

Parameter parameter(const char* code, const char* english, const char* russian, bool required) {
  Parameter out;
  out.code = code;
  out.type = "id";
  out.title = {{"en", english}, {"ru", russian}};
  out.required = required;
  return out;
}

}  // namespace

BuiltIn create_case_from_chat(records::Tools& tools, records::Records& records,
                              std::function<routing::Terms()> terms) {
  BuiltIn made;
  made.process.code = "CreateCaseFromChat";
  made.process.title = {{"en", "Create case"}, {"ru", "Создать обращение"}};
  made.process.parameters = {parameter("ChatId", "Chat", "Чат", true),
                             parameter("ContactId", "Contact", "Контакт", false)};
  made.may = [&tools, &records, terms = std::move(terms)](store::Session& session, const Starter& who,
                                                          const json& parameters) {
    if (!who.writes_records)
      throw Error(Code::denied, Text("domain.records.may_not_change", {{"object", kCase}}));
    records.require(session, kCase, who.asker, records::Right::change);
    require_chat(session, tools, who, chat_of(parameters), terms());
  };
  made.work = [&tools](store::Session& session, const Run& run) -> json {
    const auto chat = chat_of(run.parameters);
    const auto facts = facts_of(session, chat);
    json fields = {{"name", name_of(facts, chat)}, {"origin", "chat"}, {"chat", to_string_id(chat)}};
    if (run.parameters.contains("ContactId")) {
      fields["contact"] = run.parameters.at("ContactId");
    } else if (facts.contact) {
      fields["contact"] = to_string_id(*facts.contact);
    }
    // The chat brings it, whoever pressed the button: nothing that is required stops it (REC-6).
    const records::Author author(run.started_by, records::Source::outside);
    records::Editor editor(session, tools);
    const auto made_case = editor.create(kCase, editor.usable(kCase, fields), author);
    return {{"CaseId", to_string_id(made_case.id)}, {"Number", made_case.fields.value("number", "")}};
  };
  return made;
}

}  // namespace patchbay::domain::processes
