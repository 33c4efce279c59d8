// What shells and man(1) need to know of the command line, made from the parser itself, so that it is always
// true.
#include <algorithm>
#include <cctype>
#include <iostream>
#include <sstream>

#include "base/error.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"

namespace patchbay::cli {
namespace {

std::vector<const CLI::App*> children(const CLI::App& app) {
  auto found = app.get_subcommands([](const CLI::App*) { return true; });
  return {found.begin(), found.end()};
}

// "--config", without those that take their place by position.
std::vector<std::string> flags_of(const CLI::App& app) {
  std::vector<std::string> out;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) out.push_back("--" + name);
  }
  return out;
}

// Every command with what may follow it: "plugins use" -> {"--config", ...}.
void collect(const CLI::App& app, const std::string& path,
             std::vector<std::pair<std::string, std::string>>& out) {
  std::string words;
  for (const auto* child : children(app)) words += child->get_name() + " ";
  for (const auto& flag : flags_of(app)) words += flag + " ";
  out.emplace_back(path, words);
  for (const auto* child : children(app))
    collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), out);
}

std::string bash_script(const CLI::App& app) {
  std::vector<std::pair<std::string, std::string>> commands;
  collect(app, "", commands);
  std::ostringstream out;
  out << "# bash completion for patchbay: source it, or put it into "
         "/usr/share/bash-completion/completions/patchbay\n"
         "_patchbay() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path= each\n"
         "  case $before in --config|--key|--file|--settings) mapfile -t COMPREPLY < <(compgen -f -- "
         "\"$word\"); return;; esac\n"
         "  for each in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    [[ $each == -* ]] || path+=\"${path:+ }$each\"\n"
         "  done\n"
         "  local words\n"
         "  case $path in\n";
  for (const auto& [path, words] : commands) out << "    \"" << path << "\") words=\"" << words << "\";;\n";
  out << "    *) mapfile -t COMPREPLY < <(compgen -f -- \"$word\"); return;;\n"
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "}\n"
         "complete -o filenames -F _patchbay patchbay\n";
  return out.str();
}

// A dash would become a hyphen, and a dot at the beginning of a line a command.
std::string roff(const std::string& text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (c == '-') out += '\\';
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    out += c == '\\' ? std::string("\\e") : std::string(1, c);
    begins = c == '\n';
  }
  return out;
}

void describe(const CLI::App& app, const std::string& path, std::ostream& out) {
  if (!path.empty()) {
    out << ".SS " << roff(path) << "\n" << roff(app.get_description()) << ".\n";
    for (const auto* option : app.get_options()) {
      if (option->get_name() == "--help") continue;
      out << ".TP\n.B " << roff(option->get_name(true)) << "\n" << roff(option->get_description()) << ".\n";
    }
    if (!app.get_footer().empty()) out << ".PP\n" << roff(app.get_footer()) << "\n";
  }
  for (const auto* child : children(app))
    describe(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), out);
}

std::string man_page(const CLI::App& app) {
  std::ostringstream out;
  out << ".TH PATCHBAY 1 \"\" \"patchbay " << PB_VERSION << "\" \"User Commands\"\n"
      << ".SH NAME\npatchbay \\- a host for integration plugins\n"
      << ".SH SYNOPSIS\n.B patchbay\n.I COMMAND\n[\\-\\-config FILE] [\\-\\-json] ...\n"
      << ".SH COMMANDS\n";
  describe(app, "", out);
  out << ".SH ENVIRONMENT\n.TP\n.B PATCHBAY_CONFIG\nThe configuration file, where \\-\\-config is not "
         "given.\n"
      << ".SH EXIT STATUS\n"
      << roff(app.get_footer()) << "\n";
  return out.str();
}

}  // namespace

void add_shell(Commands commands) {
  auto* completion =
      commands.app.add_subcommand("completion", "Print what makes bash complete this command line");
  completion->footer("Example: patchbay completion >> ~/.bashrc");
  completion->callback([commands] {
    commands.run = [&app = commands.app] {
      std::cout << bash_script(app);
      return static_cast<int>(kDone);
    };
  });
  auto* man = commands.app.add_subcommand("man", "Print the manual page");
  man->footer("Example: patchbay man | man -l -");
  man->callback([commands] {
    commands.run = [&app = commands.app] {
      std::cout << man_page(app);
      return static_cast<int>(kDone);
    };
  });
}

}  // namespace patchbay::cli
