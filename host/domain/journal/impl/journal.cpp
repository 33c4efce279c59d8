#include "domain/journal/journal.hpp"

#include <algorithm>

#include "store/announcements.hpp"
#include "store/dialect.hpp"

namespace patchbay::domain::journal {
namespace {

using nlohmann::json;

void put(json& out, const char* name, Id id) {
  if (id != 0) out[name] = to_string_id(id);
}

void put(json& out, const char* name, const std::string& word) {
  if (!word.empty()) out[name] = word;
}

json to_json(const Entry& entry) {
  json out = {{"type", entry.type}};
  put(out, "subject", entry.subject);
  put(out, "chat", entry.chat);
  put(out, "queue", entry.queue);
  put(out, "former_queue", entry.former_queue);
  put(out, "owner", entry.owner);
  put(out, "former", entry.former);
  put(out, "audience", entry.audience);
  put(out, "object", entry.object);
  put(out, "state", entry.state);
  put(out, "reason", entry.reason);
  return out;
}

Id id_at(const json& in, const char* name) {
  return parse_id(in.value(name, std::string())).value_or(0);
}

Entry entry_of(const json& in) {
  Entry entry(in.value("type", std::string()), id_at(in, "subject"));
  entry.chat = id_at(in, "chat");
  entry.queue = id_at(in, "queue");
  entry.former_queue = id_at(in, "former_queue");
  entry.owner = id_at(in, "owner");
  entry.former = id_at(in, "former");
  entry.audience = id_at(in, "audience");
  entry.object = in.value("object", std::string());
  entry.state = in.value("state", std::string());
  entry.reason = in.value("reason", std::string());
  return entry;
}

Line line_of(const store::Row& row) {
  Line line;
  line.place = row.integer(0);
  line.at = row.integer(1);
  for (const auto& entry : json::parse(row.text(2))) line.entries.push_back(entry_of(entry));
  return line;
}

}  // namespace

json shown(const Entry& entry) {
  auto out = json::object();
  put(out, "id", entry.subject);
  put(out, "chat", entry.chat);
  put(out, "queue", entry.queue);
  put(out, "former_queue", entry.former_queue);
  put(out, "operator", entry.owner);
  put(out, "former_operator", entry.former);
  put(out, "object", entry.object);
  put(out, "state", entry.state);
  put(out, "reason", entry.reason);
  return out;
}

void write(store::Session& session, IdMint& ids, TimePoint now, const std::vector<Entry>& entries) {
  for (std::size_t first = 0; first < entries.size(); first += kMostEntries) {
    auto some = json::array();
    for (std::size_t i = first; i < std::min(entries.size(), first + kMostEntries); ++i)
      some.push_back(to_json(entries[i]));
    session.later("insert into journal(id, at, entries) values (:id, :at, :entries)",
                  {ids.next(), now.time_since_epoch().count(), some.dump()});
  }
  if (!entries.empty()) store::announce(session, kWritten);
}

void write(store::Session& session, IdMint& ids, TimePoint now, Entry entry) {
  write(session, ids, now, std::vector{std::move(entry)});
}

bool has_unplaced(store::Session& session) {
  return session.query_one("select id from journal where place is null limit 1").has_value();
}

std::size_t give_places(store::Session& session, std::size_t most) {
  const auto last = hold_mark(session, kPlaced);
  const auto given = session.exec(
      "update journal set place = :last + fresh.n from (select id, row_number() over (order by id) as n from "
      "(select id "
      "from journal where place is null order by id limit :most) as waiting) as fresh where journal.id = "
      "fresh.id",
      {last, static_cast<std::int64_t>(most)});
  if (given == 0) return 0;
  move_mark(session, kPlaced, last + given);
  return static_cast<std::size_t>(given);
}

std::int64_t mark(store::Session& session, const std::string& name) {
  const auto row = session.query_one("select place from journal_marks where name = :name", {name});
  return row ? row->integer(0) : 0;
}

std::int64_t hold_mark(store::Session& session, const std::string& name) {
  const auto row = session.query_one(std::string("select place from journal_marks where name = :name")
                                         .append(store::for_update(session.dialect())),
                                     {name});
  return row->integer(0);
}

void move_mark(store::Session& session, const std::string& name, std::int64_t place) {
  session.exec("update journal_marks set place = :place where name = :name", {place, name});
}

std::vector<Line> read_after(store::Session& session, std::int64_t place, std::size_t most) {
  std::vector<Line> lines;
  for (const auto& row :
       session.query("select place, at, entries from journal where place > :place order by place limit :most",
                     {place, static_cast<std::int64_t>(most)}))
    lines.push_back(line_of(row));
  return lines;
}

std::size_t forget_before(store::Session& session, TimePoint time, std::size_t most) {
  const auto forgotten = hold_mark(session, kForgotten);
  const auto read =
      session.query_one("select cast(min(place) as bigint) from journal_marks where name <> 'forgotten'");
  std::int64_t until = forgotten;
  for (const auto& line : session.query(
           "select place, at from journal where place > :place and place <= :read order by place limit :most",
           {forgotten, read->integer(0), static_cast<std::int64_t>(most)})) {
    if (line.integer(1) >= time.time_since_epoch().count()) break;
    until = line.integer(0);
  }
  if (until == forgotten) return 0;
  session.exec("delete from journal where place > :from and place <= :until", {forgotten, until});
  move_mark(session, kForgotten, until);
  return static_cast<std::size_t>(until - forgotten);
}

}  // namespace patchbay::domain::journal
