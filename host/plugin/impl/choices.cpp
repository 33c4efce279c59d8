#include "plugin/choices.hpp"

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
                  const std::string& who, std::int64_t now) {
  session.exec(
      "insert into plugin_choices(plugin, version, disabled, chosen_at, chosen_by) values (:plugin, "
      ":version, :disabled, "
      ":at, :who) on conflict (plugin) do update set version = excluded.version, disabled = "
      "excluded.disabled, chosen_at "
      "= excluded.chosen_at, chosen_by = excluded.chosen_by",
      {plugin, choice.version, std::int64_t{choice.disabled}, now, who});
}

}  // namespace patchbay::plugin
