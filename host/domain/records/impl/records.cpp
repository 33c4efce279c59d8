#include "domain/records/records.hpp"

#include <algorithm>
#include <set>

#include "domain/access/people.hpp"
#include "domain/records/impl/definition_table.hpp"
#include "domain/records/impl/lister.hpp"
#include "domain/records/impl/record_table.hpp"
#include "domain/version.hpp"

namespace patchbay::domain::records {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxName = 200;
constexpr int kTries = 10;

// Who may change may read as well.
void require_right(store::Session& session, const Object& object, const Asker& who, Right right) {
  if (who.may_all) return;
  const auto& holders = right == Right::read ? object.readers : object.writers;
  if (holders.empty()) return;
  auto mine = access::People(session).roles_of(who.user);
  mine.push_back(who.user);
  const auto among = [&](const std::vector<Id>& all) {
    return std::any_of(mine.begin(), mine.end(),
                       [&](Id one) { return std::find(all.begin(), all.end(), one) != all.end(); });
  };
  if (among(holders) || (right == Right::read && among(object.writers))) return;
  throw Error(Code::denied,
              Text(right == Right::read ? "domain.records.may_not_read" : "domain.records.may_not_change",
                   {{"object", object.code}}));
}

[[noreturn]] void no_record(const std::string& object, Id id) {
  throw Error(Code::not_found,
              Text("domain.records.no_record", {{"object", object}, {"id", to_string_id(id)}}));
}

std::vector<std::string> missing_of(const Object& object, const Record& record) {
  std::vector<std::string> codes;
  for (const auto& field : object.fields) {
    if (field.active && field.required && !record.fields.contains(field.code)) codes.push_back(field.code);
  }
  return codes;
}

// What is not active is kept, and not shown.
Shown shown(const Object& object, Record record) {
  Shown out;
  out.missing = missing_of(object, record);
  record.fields = object.active_of(std::move(record.fields));
  out.record = std::move(record);
  return out;
}

Shown with_names(store::Session& session, Shown one) {
  one.names = RecordTable(session).names(one.record.id);
  return one;
}

// Also by an id that was merged into another.
Record require_live(store::Session& session, const std::string& object, Id id) {
  auto found = RecordTable(session).find(id);
  while (found && found->merged_into) found = RecordTable(session).find(*found->merged_into);
  if (!found || found->object != object || found->state != "live") no_record(object, id);
  return std::move(*found);
}

Record require_held(Editor& editor, const std::string& object, Id id) {
  auto found = editor.hold(object, id);
  if (!found) no_record(object, id);
  return std::move(*found);
}

void refuse_while_filling(store::Session& session, const Plan& plan) {
  DefinitionTable table(session);
  const auto check = [&](const Field* field) {
    if (field != nullptr && field->filling && table.is_filling(field->id))
      throw Error(Code::conflict, Text("domain.records.filling", {{"code", field->code}}));
  };
  for (const auto& condition : plan.conditions) check(condition.field);
  check(plan.order);
}

void check_name(const std::string& text, const char* at, Error& error) {
  if (text.empty() || text.size() > kMaxName)
    error.add(Diagnostic(at, Text("domain.name", {{"max", std::to_string(kMaxName)}})));
}

}  // namespace

asio::awaitable<Listing> Records::list(std::string object, Query query, Asker who) {
  auto work = [=, this](store::Session& session) {
    const auto kind = tools_.objects.require(session, object, false);
    require_right(session, *kind, who, Right::read);
    const auto plan = plan_of(*kind, query, tools_.home());
    refuse_while_filling(session, plan);
    auto page = Lister(session, *kind).list(plan, query.limit);
    Listing listing;
    listing.next = std::move(page.next);
    for (auto& hit : page.hits) listing.items.push_back(shown(*kind, std::move(hit.record)));
    return listing;
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Shown> Records::get(std::string object, Id id, Asker who) {
  auto work = [=, this](store::Session& session) {
    const auto kind = tools_.objects.require(session, object, false);
    require_right(session, *kind, who, Right::read);
    return with_names(session, shown(*kind, require_live(session, object, id)));
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<std::optional<Shown>> Records::named(std::string object, ExternalName name, Asker who) {
  auto work = [=, this](store::Session& session) -> std::optional<Shown> {
    const auto kind = tools_.objects.require(session, object, false);
    require_right(session, *kind, who, Right::read);
    const auto id = RecordTable(session).named(object, name);
    if (!id) return std::nullopt;
    return with_names(session, shown(*kind, require_live(session, object, *id)));
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<std::vector<Change>> Records::history(std::string object, Id id, Asker who, Id after,
                                                      std::size_t limit) {
  auto work = [=, this](store::Session& session) {
    const auto kind = tools_.objects.require(session, object, false);
    require_right(session, *kind, who, Right::read);
    const auto found = RecordTable(session).find(id);
    if (!found || found->object != object) no_record(object, id);
    auto changes = RecordTable(session).history(id, after, limit);
    for (auto& change : changes) change.changes = kind->active_of(std::move(change.changes));
    return changes;
  };
  co_return co_await store_.read(std::move(work));
}

asio::awaitable<Shown> Records::create(std::string object, json fields, Asker who) {
  auto work = [=, this](store::Session& session) {
    Editor editor(session, tools_);
    const auto& kind = editor.object(object);
    require_right(session, kind, who, Right::change);
    return shown(kind, editor.create(object, fields, who.author));
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<Shown> Records::change(std::string object, Id id, json fields,
                                       std::optional<std::int64_t> version, Asker who) {
  auto work = [=, this](store::Session& session) {
    Editor editor(session, tools_);
    const auto& kind = editor.object(object);
    require_right(session, kind, who, Right::change);
    const auto before = require_held(editor, object, id);
    require_version(before.version, version);
    return with_names(session, shown(kind, editor.change(before, fields, who.author)));
  };
  co_return co_await store_.write(std::move(work));
}

asio::awaitable<void> Records::remove(std::string object, Id id, std::optional<std::int64_t> version,
                                      Asker who) {
  auto work = [=, this](store::Session& session) {
    Editor editor(session, tools_);
    require_right(session, editor.object(object), who, Right::change);
    const auto before = require_held(editor, object, id);
    require_version(before.version, version);
    editor.remove(before, who.author);
    for (const auto& hear : gone_) hear(session, before, nullptr);
  };
  co_await store_.write(std::move(work));
}

Record Records::merge_in(store::Session& session, const std::string& object, Id kept, Id other,
                         const Author& author, std::optional<std::int64_t> version) {
  Editor editor(session, tools_);
  editor.object(object);
  // Whoever merges the two the other way round holds them in the same order.
  require_held(editor, object, std::min(kept, other));
  const auto second = require_held(editor, object, std::max(kept, other));
  const auto one = kept < other ? require_held(editor, object, kept) : second;
  const auto two = kept < other ? second : require_held(editor, object, other);
  require_version(one.version, version);
  auto merged = editor.merge(one, two, author);
  for (const auto& hear : gone_) hear(session, two, &merged);
  return merged;
}

void Records::require(store::Session& session, const std::string& object, const Asker& who, Right right) {
  require_right(session, *tools_.objects.require(session, object, false), who, right);
}

asio::awaitable<Shown> Records::merge(std::string object, Id kept, Id other, Asker who,
                                      std::optional<std::int64_t> version) {
  auto work = [=, this](store::Session& session) {
    const auto kind = tools_.objects.require(session, object, false);
    require_right(session, *kind, who, Right::change);
    return with_names(session, shown(*kind, merge_in(session, object, kept, other, who.author, version)));
  };
  co_return co_await store_.write(std::move(work));
}

namespace {

// The record of a name; nothing where there is none, and the name is `fresh`'s then.
std::optional<Record> hold_named(Editor& editor, RecordTable& table, const std::string& object,
                                 const ExternalName& name, Id fresh) {
  for (int tries = 0; tries < kTries; ++tries) {
    const auto id = table.named(object, name);
    if (auto found = id ? editor.hold(object, *id) : std::nullopt) return found;
    // Whoever comes with the same name at once waits here for the first, and then finds it. One that was
    // removed meanwhile has taken its names with it.
    if (table.add_name(object, name, fresh)) return std::nullopt;
  }
  throw Error(Code::unavailable, Text("domain.records.busy"));
}

}  // namespace

Upserted Records::upsert_one(Editor& editor, store::Session& session, const std::string& object,
                             const std::string& source, const Upsert& item, const Author& author) {
  const ExternalName name(source, item.external_id);
  Upserted out;
  out.external_id = name.id;
  RecordTable table(session);
  const auto fresh = tools_.ids.next();
  try {
    Error error(Code::invalid, Text("domain.refused"));
    check_name(name.id, "/external_id", error);
    if (!error.diagnostics().empty()) throw error;
    const auto before = hold_named(editor, table, object, name, fresh);
    require_version(before ? before->version : 0, item.version);
    auto after = before ? editor.change(*before, item.fields, author)
                        : editor.create(object, item.fields, author, fresh);
    out.outcome = !before ? "created" : after.version == before->version ? "unchanged" : "changed";
    out.shown = shown(editor.object(object), std::move(after));
  } catch (const Error& error) {
    // What is wrong with the item itself; anything else is not its fault.
    if (!is_refusal(error)) throw;
    table.remove_names(fresh);
    out.outcome = "refused";
    out.error = error;
  }
  return out;
}

asio::awaitable<std::vector<Upserted>> Records::upsert(std::string object, std::string source,
                                                       std::vector<Upsert> items, Asker who) {
  Error error(Code::invalid, Text("domain.refused"));
  check_name(source, "/source", error);
  if (items.size() > kMostUpserts)
    error.add(Diagnostic("/items", Text("domain.records.too_many", {{"max", std::to_string(kMostUpserts)}})));
  if (!error.diagnostics().empty()) throw error;
  auto work = [=, this](store::Session& session) {
    Editor editor(session, tools_);
    require_right(session, editor.object(object), who, Right::change);
    const Author author(who.author.name, Source::outside);
    std::vector<Upserted> all;
    for (const auto& item : items) all.push_back(upsert_one(editor, session, object, source, item, author));
    return all;
  };
  co_return co_await store_.write(std::move(work));
}

}  // namespace patchbay::domain::records
