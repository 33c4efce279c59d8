#include "domain/chat/impl/fetch_table.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/back_off.hpp"
#include "base/text.hpp"
#include "store/blobs.hpp"

namespace patchbay::domain::chat {
namespace {

using nlohmann::json;
using Kind = Fetched::Kind;

// A provider that is away comes back: with a quarter of an hour between, this is three days.
constexpr std::int64_t kMostAttempts = 300;
constexpr Duration kFirstDelay{5'000};
constexpr Duration kLongestDelay{900'000};
constexpr std::int64_t kInternalAttempts = 5;

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Fetched failed(std::string reason) {
  Fetched fetched(Kind::failed);
  fetched.reason = std::move(reason);
  return fetched;
}

Fetched read_reply(const std::string& text) {
  const auto reply = json::parse(text, nullptr, false);
  const auto blob = reply.is_object() ? parse_id(text_at(reply, "blob")) : std::nullopt;
  if (!blob) return failed(Text("domain.chat.fetch_no_blob").kept());
  Fetched fetched(Kind::ready);
  fetched.blob = *blob;
  fetched.name = text_at(reply, "name");
  fetched.type = text_at(reply, "type");
  return fetched;
}

}  // namespace

Fetched judge_fetch(const port::Result& result, std::int64_t attempts) {
  switch (result.code) {
    case Code::ok:
      return read_reply(result.message.json);
    case Code::invalid:
    case Code::denied:
    case Code::not_found:
    case Code::unsupported:
    case Code::conflict:
      return failed(result.reason());
    default:
      break;
  }
  // Its integration waits for a new sign-in, which may take weeks: that is no try.
  const bool waits = result.code == Code::unauthenticated;
  const auto most = result.code == Code::internal ? kInternalAttempts : kMostAttempts;
  if (result.poison || (!waits && attempts + 1 >= most)) return failed(result.reason());
  Fetched fetched(Kind::again);
  fetched.counts = !waits;
  fetched.reason = result.reason();
  fetched.delay =
      std::max(back_off(kFirstDelay, kLongestDelay, static_cast<int>(attempts) + 1), result.retry_after);
  return fetched;
}

std::vector<Id> integrations_with_files_to_fetch(store::Session& session) {
  std::vector<Id> found;
  for (const auto& row :
       session.query("select distinct integration from message_attachments where state = 'pending'")) {
    found.push_back(row.integer(0));
  }
  return found;
}

std::vector<Fetch> files_to_fetch(store::Session& session, Id integration, std::int64_t now, int limit) {
  std::vector<Fetch> found;
  for (const auto& row :
       session.query("select a.id, a.integration, a.file, a.attempts, m.trace from message_attachments a "
                     "join messages m on m.id = a.message where a.state = 'pending' and a.integration = "
                     ":integration and a.not_before <= :now order by a.not_before, a.id limit :limit",
                     {integration, now, static_cast<std::int64_t>(limit)})) {
    Fetch fetch;
    fetch.id = row.integer(0);
    fetch.integration = row.integer(1);
    fetch.file = row.text(2);
    fetch.attempts = row.integer(3);
    fetch.trace = row.maybe_text(4).value_or("");
    found.push_back(std::move(fetch));
  }
  return found;
}

void settle_fetch(Context& context, const Fetch& fetch, const Fetched& fetched) {
  auto& session = context.session;
  if (fetched.kind == Kind::again) {
    session.exec(
        "update message_attachments set attempts = attempts + :tries, not_before = :not_before, reason = "
        ":reason where id = :id",
        {std::int64_t{fetched.counts}, context.now + fetched.delay.count(), fetched.reason, fetch.id});
    return;
  }
  const auto message = session.query_one(
      "select m.id, m.chat from message_attachments a join messages m on m.id = a.message where a.id = :id",
      {fetch.id});
  if (message) context.happened("message.changed", message->integer(0), message->integer(1));
  const auto blob = fetched.kind == Kind::ready ? store::find_blob(session, fetched.blob) : std::nullopt;
  if (!blob || !blob->ready || blob->integration != fetch.integration) {
    const auto reason =
        fetched.kind == Kind::ready ? Text("domain.chat.fetch_no_blob").kept() : fetched.reason;
    session.exec(
        "update message_attachments set state = 'failed', attempts = attempts + 1, reason = :reason where id "
        "= :id",
        {reason, fetch.id});
    return;
  }
  // What the client's message said stands; the fetch fills in what it left open.
  session.exec(
      "update message_attachments set state = 'ready', attempts = attempts + 1, reason = null, blob = "
      "cast(:blob as bigint), "
      "size = cast(:size as bigint), name = case when name = '' then :name else name end, type = case when "
      "type = '' then "
      ":type else type end where id = :id",
      {blob->id, blob->size, fetched.name.empty() ? blob->name : fetched.name,
       fetched.type.empty() ? blob->type : fetched.type, fetch.id});
}

}  // namespace patchbay::domain::chat
