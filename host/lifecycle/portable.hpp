#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/credentials.hpp"
#include "lifecycle/lifecycle.hpp"
#include "store/actor.hpp"

namespace patchbay::lifecycle {

// What became of one entry of a document.
struct Applied {
  std::string kind;  // "profile", "integration"
  std::string plugin;
  std::string name;
  std::optional<Id> id;
  std::string result;                // "created", "changed", "unchanged", "failed"
  std::vector<std::string> missing;  // secrets that have to be given
  bool opened = false;               // to anybody, from now on: routes that verify nothing (HOOK-6)
  std::optional<Error> error;        // of a failed one, or of one that is there and could not be connected
};

// Integrations and profiles as a document (schemas/portable.json), without secrets (SETUP-6). Any thread.
class Portable {
 public:
  // `credentials` and `lifecycle` outlive it.
  Portable(store::Store& store, const vault::Vault& vault, const plugin::Catalogue& catalogue,
           Lifecycle& lifecycle, Credentials& credentials)
      : store_(store),
        vault_(vault),
        catalogue_(catalogue),
        lifecycle_(lifecycle),
        credentials_(credentials) {}

  // JSON. Drafts are left out.
  boost::asio::awaitable<std::string> export_all();

  struct Options {
    store::Actor who;  // for the audit log
    // Files of the configuration: what they declare is theirs, and is found again by plugin and name.
    bool declared = false;
    // Whether a document may agree that routes which verify nothing are open; if not, its entry is applied
    // without that and says so.
    bool accept_unverified = false;
    // The secret behind {"file": …} or {"credential": …} (JSON). Throws Error. None: such are refused.
    std::function<std::string(const std::string& reference)> secret;
  };
  // Makes or changes what the document says, one entry after the other; what it does not name stays. The same
  // document again changes nothing. Throws Error{invalid} with diagnostics for a document that is none.
  boost::asio::awaitable<std::vector<Applied>> apply(std::string document, Options options);
  // What files of this `host` declared once and do not any more (`declared`: the names of what they do)
  // belongs to no file from now on, and an integration is disconnected; the names of those. What only files
  // of other hosts declare is left alone.
  boost::asio::awaitable<std::vector<std::string>> release_undeclared(std::vector<std::string> declared,
                                                                      std::string host);

 private:
  struct Entry;
  boost::asio::awaitable<void> apply_profile(const Entry& entry, const Options& options, Applied& out);
  boost::asio::awaitable<void> apply_integration(const Entry& entry, const Options& options, Applied& out);
  boost::asio::awaitable<std::optional<plugin::Integration>> find(std::string plugin, std::string name,
                                                                  bool declared);
  boost::asio::awaitable<std::map<std::string, std::string>> secrets_of(const char* scope, Id owner);
  boost::asio::awaitable<bool> follow_consent(const Entry& entry, const Options& options,
                                              const plugin::Integration& integration, Applied& out);
  boost::asio::awaitable<plugin::Integration> make_or_change(const Entry& entry, const Options& options,
                                                             Applied& out);

  store::Store& store_;
  const vault::Vault& vault_;
  const plugin::Catalogue& catalogue_;
  Lifecycle& lifecycle_;
  Credentials& credentials_;
  plugin::Integrations table_;
};

// How a declared integration is found again, and a profile within its table.
std::string declaration_of(const std::string& plugin, const std::string& name);
// The name of a declared profile beside those of integrations.
std::string profile_declaration_of(const std::string& name);

}  // namespace patchbay::lifecycle
