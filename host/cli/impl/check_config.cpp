#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/table.hpp"
#include "cli/openings.hpp"
#include "net/egress.hpp"

namespace patchbay::cli {

void require_openings(const config::Config& config) {
  for (const auto& entry : config.egress_allow) {
    if (net::is_opening(entry)) continue;
    const Text words("cli.bad_opening", {{"entry", entry}});
    throw Error(Code::invalid, words).add(Diagnostic("/egress/allow", words));
  }
  for (const auto& range : config.trusted_proxies) {
    if (net::is_range(range)) continue;
    const Text words("cli.bad_opening", {{"entry", range}});
    throw Error(Code::invalid, words).add(Diagnostic("/listen/trusted_proxies", words));
  }
}

namespace {

std::string without_password(const std::string& url) {
  const auto scheme = url.find("://");
  const auto at = url.rfind('@');
  if (scheme == url.npos || at == url.npos || at < scheme) return url;
  const auto colon = url.find(':', scheme + 3);
  return colon < at ? url.substr(0, colon) + ":***" + url.substr(at) : url;
}

int check_config(const Context& context) {
  const auto config = context.config();
  require_openings(config);
  const nlohmann::json shown = {{"state_dir", config.state_dir.string()},
                                {"site_url", config.site_url},
                                {"listen", config.listen_address + ":" + std::to_string(config.listen_port)},
                                {"store", without_password(config.store_url)},
                                {"key_file", config.key_file.string()},
                                {"log_file", config.log_file.string()},
                                {"egress_allow", config.egress_allow}};
  print_object(shown, context.json);
  return kDone;
}

}  // namespace

void add_check_config(Commands commands) {
  auto* command = commands.app.add_subcommand(
      "check-config", "Read the configuration and say what it means, or what is wrong with it");
  command->footer("Example: patchbay check-config --config patchbay.json");
  add_common(*command, commands.context);
  command->callback([commands] { commands.run = [commands] { return check_config(commands.context); }; });
}

}  // namespace patchbay::cli
