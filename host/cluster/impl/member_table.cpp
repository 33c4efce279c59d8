#include "cluster/impl/member_table.hpp"

#include <algorithm>
#include <set>

#include "base/error.hpp"

namespace patchbay::cluster {
namespace {

constexpr std::int64_t kSlots = 1024;  // base/id.hpp

std::int64_t free_slot(const std::vector<Member>& members) {
  std::set<std::int64_t> taken;
  for (const auto& member : members) taken.insert(member.slot);
  for (std::int64_t slot = 0; slot < kSlots; ++slot) {
    if (!taken.contains(slot)) return slot;
  }
  throw Error(Code::unavailable, Text("cluster.too_many", {{"most", std::to_string(kSlots)}}));
}

}  // namespace

std::vector<Member> members(store::Session& session) {
  std::vector<Member> out;
  for (const auto& row : session.query(
           "select h.id, h.name, h.slot, h.version, h.address, h.joined_at, h.beat, h.passes, h.keys, "
           "cast((select count(*) from partitions p where p.host = h.id) as bigint) "
           "from hosts h order by h.id")) {
    Member member;
    member.id = row.integer(0);
    member.name = row.text(1);
    member.slot = row.integer(2);
    member.version = row.text(3);
    member.address = row.text(4);
    member.joined_at = row.integer(5);
    member.beat = row.integer(6);
    member.passes = row.integer(7);
    member.keys = row.text(8);
    member.partitions = static_cast<std::size_t>(row.integer(9));
    out.push_back(std::move(member));
  }
  return out;
}

Holders holders(store::Session& session) {
  Holders out{};
  for (const auto& row : session.query("select id, host from partitions where host is not null")) {
    const auto partition = static_cast<std::size_t>(row.integer(0));
    if (partition < out.size()) out.at(partition) = row.integer(1);
  }
  return out;
}

Member join(store::Session& session, Member wanted) {
  if (session.dialect() == store::Dialect::postgresql)
    session.script("lock table hosts in share row exclusive mode");
  const auto all = members(session);
  // Ids of lives rise, also where clocks are set back.
  wanted.id = wanted.joined_at;
  for (const auto& member : all) wanted.id = std::max(wanted.id, member.id + 1);
  for (const auto& member : all) {
    if (member.name != wanted.name) continue;
    session.exec("update partitions set host = :now where host = :before", {wanted.id, member.id});
    session.exec("delete from cluster_locks where host = :before", {member.id});
    session.exec("delete from hosts where id = :before", {member.id});
  }
  wanted.slot = free_slot(members(session));
  session.exec(
      "insert into hosts(id, name, slot, version, address, joined_at) values (:id, :name, :slot, :version, "
      ":address, "
      ":joined_at)",
      {wanted.id, wanted.name, wanted.slot, wanted.version, wanted.address, wanted.joined_at});
  for (std::size_t i = 0; i < kPartitions; ++i)
    session.later("insert into partitions(id) values (:id) on conflict (id) do nothing",
                  {static_cast<std::int64_t>(i)});
  return wanted;
}

void leave(store::Session& session, Id host) {
  session.exec("update partitions set host = null where host = :host", {host});
  session.exec("delete from cluster_locks where host = :host", {host});
  session.exec("delete from hosts where id = :host", {host});
}

bool beat(store::Session& session, Id host) {
  return session.exec("update hosts set beat = beat + 1 where id = :id", {host}) > 0;
}

void passed(store::Session& session, Id host) {
  session.exec("update hosts set passes = passes + 1 where id = :id", {host});
}

bool bury(store::Session& session, Id host, std::int64_t beat) {
  if (session.exec("delete from hosts where id = :id and beat = :beat", {host, beat}) == 0) return false;
  session.exec("delete from cluster_locks where host = :host", {host});
  return true;
}

std::vector<std::size_t> take(store::Session& session, Id host, const std::vector<std::size_t>& wanted) {
  std::vector<std::size_t> taken;
  for (const auto partition : wanted) {
    const auto changed = session.exec(
        "update partitions set host = :host where id = :id and (host is null or not exists (select 1 from "
        "hosts where "
        "hosts.id = partitions.host))",
        {host, static_cast<std::int64_t>(partition)});
    if (changed > 0) taken.push_back(partition);
  }
  return taken;
}

void give(store::Session& session, Id host, const std::vector<std::size_t>& partitions) {
  for (const auto partition : partitions)
    session.later("update partitions set host = null where id = :id and host = :host",
                  {static_cast<std::int64_t>(partition), host});
}

bool take_lock(store::Session& session, Id host, const std::string& name, std::int64_t token) {
  session.exec(
      "delete from cluster_locks where name = :name and not exists (select 1 from hosts where hosts.id = "
      "cluster_locks.host)",
      {name});
  session.exec(
      "insert into cluster_locks(name, host, token) values (:name, :host, :token) on conflict (name) do "
      "nothing",
      {name, host, token});
  return session
      .query_one("select token from cluster_locks where name = :name and token = :token", {name, token})
      .has_value();
}

void give_lock(store::Session& session, const std::string& name, std::int64_t token) {
  session.exec("delete from cluster_locks where name = :name and token = :token", {name, token});
}

}  // namespace patchbay::cluster
