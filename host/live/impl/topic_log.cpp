#include "live/impl/topic_log.hpp"

namespace patchbay::live {
namespace {

using store::Session;

constexpr std::int64_t kIdsOfAMillisecond = 1'000;

struct Place {
  std::int64_t last;
  std::int64_t dropped;
};

// The next id. A topic that was forgotten begins above whatever it had, so that nobody takes new for old.
Place next_place(Session& session, const Topic& topic, std::int64_t now) {
  const auto base = now * kIdsOfAMillisecond;
  const auto rows = session.query(
      "insert into live_topics(owner, name, last, dropped, at) values (:owner, :name, :first, :base, :now) "
      "on "
      "conflict(owner, name) do update set last = live_topics.last + 1, at = case when live_topics.at > "
      "excluded.at then live_topics.at else excluded.at end returning last, dropped",
      {topic.owner, topic.name, base + 1, base, now});
  return Place{rows.front().integer(0), rows.front().integer(1)};
}

std::int64_t id_of_key(Session& session, const Topic& topic, const std::string& key) {
  const auto row =
      session.query_one("select id from live_events where owner = :owner and topic = :topic and key = :key",
                        {topic.owner, topic.name, key});
  return row->integer(0);
}

void drop_until(Session& session, const Topic& topic, std::int64_t id) {
  session.exec("update live_topics set dropped = :id where owner = :owner and name = :name and dropped < :id",
               {id, topic.owner, topic.name});
  session.exec("delete from live_events where owner = :owner and topic = :name and id <= :id",
               {topic.owner, topic.name, id});
}

}  // namespace

Appended append_event(Session& session, const Topic& topic, const Draft& draft, std::int64_t now,
                      std::int64_t most) {
  const auto place = next_place(session, topic, now);
  const auto stored = session.exec(
      "insert into live_events(owner, topic, id, key, type, data, at) values (:owner, :topic, :id, :key, "
      ":type, :data, :now) on conflict(owner, topic, key) do nothing",
      {topic.owner, topic.name, place.last, store::nullable(draft.key), draft.type, draft.data, now});
  if (stored == 0) {
    session.exec("update live_topics set last = last - 1 where owner = :owner and name = :name",
                 {topic.owner, topic.name});
    return Appended(id_of_key(session, topic, *draft.key), true);
  }
  if (place.last - place.dropped > most) drop_until(session, topic, place.last - most);
  return Appended(place.last, false);
}

Reading read_events(Session& session, const Topic& topic, std::int64_t after, std::int64_t most) {
  Reading reading;
  const auto place =
      session.query_one("select last, dropped from live_topics where owner = :owner and name = :name",
                        {topic.owner, topic.name});
  if (!place) {
    reading.reset = after != 0;
    return reading;
  }
  const auto dropped = place->integer(1);
  reading.reset = after != 0 && (after < dropped || after > place->integer(0));
  reading.after = reading.reset || after == 0 ? dropped : after;
  const auto rows = session.query(
      "select id, type, data from live_events where owner = :owner and topic = :topic and id > :after order "
      "by "
      "id limit :most",
      {topic.owner, topic.name, reading.after, most});
  reading.events.reserve(rows.size());
  for (const auto& row : rows) reading.events.emplace_back(row.integer(0), row.text(1), row.text(2));
  return reading;
}

std::vector<Standing> changed_topics(Session& session, std::int64_t since) {
  std::vector<Standing> out;
  for (const auto& row :
       session.query("select owner, name, last from live_topics where at >= :since", {since})) {
    out.emplace_back(Topic(row.integer(0), row.text(1)), row.integer(2));
  }
  return out;
}

std::size_t forget_old_events(Session& session, std::int64_t before, std::int64_t most) {
  const auto rows = session.query(
      "select owner, topic, cast(max(id) as bigint) from live_events where at < :before group by owner, "
      "topic "
      "order by owner, topic limit :most",
      {before, most});
  for (const auto& row : rows) drop_until(session, Topic(row.integer(0), row.text(1)), row.integer(2));
  return rows.size();
}

void forget_old_topics(Session& session, std::int64_t before) {
  session.exec("delete from live_topics where at < :before and dropped >= last", {before});
}

std::vector<Excess> find_excess(Session& session, std::int64_t most) {
  std::vector<Excess> out;
  const auto owners = session.query(
      "select owner, cast(sum(last - dropped) as bigint) from live_topics group by owner having sum(last - "
      "dropped) > :most",
      {most});
  for (const auto& owner : owners) {
    const auto last_too_many = session.query_one(
        "select at from live_events where owner = :owner order by at desc limit 1 offset :most",
        {owner.integer(0), most});
    if (last_too_many) out.emplace_back(owner.integer(0), last_too_many->integer(0) + 1);
  }
  return out;
}

void forget_excess(Session& session, const Excess& excess) {
  const auto rows = session.query(
      "select topic, cast(max(id) as bigint) from live_events where owner = :owner and at < :before group by "
      "topic order by topic",
      {excess.owner, excess.before});
  for (const auto& row : rows) drop_until(session, Topic(excess.owner, row.text(0)), row.integer(1));
}

}  // namespace patchbay::live
