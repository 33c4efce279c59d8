#include "plugin/choices.hpp"

#include "store/audit.hpp"

namespace patchbay::plugin {

Choices read_choices(store::Session& session) {
  Choices out;
  for (const auto& row : session.query("select plugin, version, disabled from plugin_choices")) {
    auto& choice = out[row.text(0)];
    choice.version = row.text(1);
    choice.disabled = row.integer(2) != 0;
  }
  return out;
}

void write_choice(store::Session& session, const std::string& plugin, const Choice& choice,
                  const store::Actor& who, std::int64_t now) {
  session.exec(
      "insert into plugin_choices(plugin, version, disabled, chosen_at, chosen_by) values (:plugin, "
      ":version, :disabled, "
      ":at, :who) on conflict (plugin) do update set version = excluded.version, disabled = "
      "excluded.disabled, chosen_at "
      "= excluded.chosen_at, chosen_by = excluded.chosen_by",
      {plugin, choice.version, std::int64_t{choice.disabled}, now, who.name});
}

void enable(store::Session& session, const std::string& plugin, const store::Actor& who, Id entry,
            std::int64_t now) {
  const auto made = session.exec(
      "insert into plugin_choices(plugin, version, disabled, chosen_at, chosen_by) values (:plugin, '', 0, "
      ":at, :who) on conflict (plugin) do nothing",
      {plugin, now, who.name});
  if (made == 0) return;
  store::write_audit(session, store::AuditEntry(entry, now, who, "plugin.enable", "plugin:" + plugin));
}

void forget_choice(store::Session& session, const std::string& plugin) {
  session.exec(
      "delete from plugin_choices where plugin = :plugin and not exists (select id from integrations where "
      "plugin = :plugin) and not exists (select id from profiles where plugin = :plugin)",
      {plugin});
  session.exec("update plugin_choices set version = '', disabled = 0 where plugin = :plugin", {plugin});
}

}  // namespace patchbay::plugin
