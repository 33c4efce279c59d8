#include "domain/chat/search.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "base/utf8.hpp"
#include "domain/chat/impl/message_table.hpp"

namespace patchbay::domain::chat {
namespace {

namespace asio = boost::asio;

// Letters and digits of any script.
bool has_words(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || std::isalnum(byte) != 0;
  });
}

std::string with_doubled(std::string_view text, std::string_view which) {
  std::string out;
  for (const char c : text) {
    if (which.find(c) != which.npos) out += c;
    out += c;
  }
  return out;
}

// FTS5's query language: strings in quotes, a star for beginnings, and is implied.
std::string match_of(const std::vector<Term>& terms) {
  std::string out;
  for (const auto& term : terms)
    out += (out.empty() ? "\"" : " \"") + with_doubled(term.words, "\"") + (term.whole ? "\"" : "\"*");
  return out;
}

// PostgreSQL's: quotes double quotes and backslashes.
std::string tsquery_of(const std::vector<Term>& terms) {
  std::string out;
  for (const auto& term : terms)
    out += (out.empty() ? "'" : " & '") + with_doubled(term.words, "'\\") + (term.whole ? "'" : "':*");
  return out;
}

constexpr Duration kEarly{24LL * 3'600'000};      // clocks of providers may differ
constexpr Duration kLate{30LL * 24 * 3'600'000};  // what they could not deliver they repeat for days

// A statement in the making; the values come in the order of their names.
class Statement {
 public:
  explicit Statement(std::string sql) : sql_(std::move(sql)) {}

  void also(std::string_view condition, store::Value value) {
    sql_.append(values_.empty() ? " where " : " and ").append(condition);
    values_.push_back(std::move(value));
  }
  std::vector<store::Row> run(store::Session& session, std::size_t most) {
    sql_ += " order by m.id desc limit :most";
    values_.emplace_back(static_cast<std::int64_t>(most));
    return session.query(sql_, std::move(values_));
  }

 private:
  std::string sql_;
  store::Values values_;
};

std::vector<Id> ids_of(store::Session& session, const Wanted& wanted, Id before, std::size_t most) {
  Statement statement("select m.id from messages m join chats c on c.id = m.chat");
  statement.also("m.id < :before", before);
  if (wanted.client) statement.also("c.client = :client", *wanted.client);
  if (wanted.integration) statement.also("c.integration = :integration", *wanted.integration);
  if (wanted.queue) statement.also("c.queue = :queue", *wanted.queue);
  if (wanted.owner)
    statement.also(
        "c.id in (select id from chats where operator = :owner and state <> 'finished' union all select id "
        "from "
        "chats where handled_by = :owner)",
        *wanted.owner);
  // Ids rise with the time of arrival, which is that of the message or a little later: so they bound what is
  // looked through.
  if (wanted.from) {
    statement.also("m.id >= :first", first_id_at(*wanted.from - kEarly));
    statement.also("m.created_at >= :from", wanted.from->time_since_epoch().count());
  }
  if (wanted.to) {
    statement.also("m.id < :last", first_id_at(*wanted.to + kLate));
    statement.also("m.created_at < :to", wanted.to->time_since_epoch().count());
  }
  if (const auto terms = terms_of(wanted.text); !terms.empty()) {
    if (session.dialect() == store::Dialect::sqlite)
      statement.also("m.id in (select rowid from message_words where message_words match :words)",
                     match_of(terms));
    else
      statement.also("to_tsvector('simple', m.text) @@ to_tsquery('simple', :words)", tsquery_of(terms));
  }
  std::vector<Id> ids;
  for (const auto& row : statement.run(session, most)) ids.push_back(row.integer(0));
  return ids;
}

}  // namespace

std::vector<Term> terms_of(std::string_view text) {
  std::vector<Term> terms;
  const auto add = [&](std::string_view words, bool whole) {
    if (!has_words(words)) return;
    terms.emplace_back();
    terms.back().words = words;
    terms.back().whole = whole;
  };
  while (!text.empty()) {
    if (text.front() == '"') {
      text.remove_prefix(1);
      const auto end = std::min(text.find('"'), text.size());
      add(text.substr(0, end), true);
      text.remove_prefix(std::min(end + 1, text.size()));
      continue;
    }
    const auto end = std::min(text.find_first_of(" \t\r\n\""), text.size());
    add(text.substr(0, end), false);
    text.remove_prefix(end < text.size() && text[end] != '"' ? end + 1 : end);
  }
  return terms;
}

asio::awaitable<Page<Message>> Search::find(Wanted wanted, std::string cursor, std::size_t limit) {
  auto before = std::numeric_limits<Id>::max();
  if (!cursor.empty()) {
    const auto parsed = parse_id(cursor);
    if (!parsed) throw Error(Code::invalid, Text("domain.chat.cursor", {{"cursor", cursor}}));
    before = *parsed;
  }
  wanted.text = repair_utf8(wanted.text);
  if (!wanted.text.empty() && terms_of(wanted.text).empty())
    throw Error(Code::invalid, Text("domain.chat.no_words", {{"text", wanted.text}}));
  auto work = [=, this](store::Session& session) {
    Context context(session, ids_, clock_);
    MessageTable messages(context);
    std::vector<Message> found;
    for (const auto id : ids_of(session, wanted, before, limit + 1))
      found.push_back(messages.find(id).value());
    return found;
  };
  Page<Message> page;
  page.items = co_await store_.read(std::move(work));
  if (page.items.size() > limit) {
    page.items.pop_back();
    page.next = to_string_id(page.items.back().id);
  }
  co_return page;
}

}  // namespace patchbay::domain::chat
