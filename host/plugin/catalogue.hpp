#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "log/log.hpp"
#include "plugin/choices.hpp"
#include "plugin/manifest.hpp"
#include "plugin/package.hpp"

namespace patchbay::plugin {

// One plugin folder as it was found (HOST-1, HOST-3).
struct CatalogueEntry {
  // "ready": runs; "found": nobody has enabled it; "disabled": would run; "superseded": another version of
  // the same id goes before it; "kept": a copy of one that was here before, to go back to; "broken": see
  // reason.
  enum class State { ready, found, disabled, superseded, kept, broken };

  std::string id;       // of the manifest; the folder's name when there is none
  std::string version;  // empty when the manifest could not be read
  std::filesystem::path folder;
  State state = State::broken;
  Text reason;
  std::shared_ptr<const Manifest> manifest;  // null when broken
  std::string signed_by;                     // name of a trusted key; empty: nobody's whom we know
  bool is_copy = false;                      // its folder is one of ours
  std::string package;                       // hash of all its files, also when it cannot be opened
};

std::string_view state_name(CatalogueEntry::State state);
// Whether it is the version of its plugin that runs, or would.
bool goes_first(CatalogueEntry::State state);

// Opens a plugin's library where that can do no harm; why it cannot be used, or nothing. Throws
// Error{unavailable} when that may be the machine's fault: the plugin is broken then, and is tried again
// later.
using Opener = std::function<std::optional<Text>(const Manifest&)>;

// What else a manifest has to keep to. Throws Error{invalid} in words for the plugin's author, who finds the
// plugin shown as broken.
using ManifestChecker = std::function<void(const Manifest&)>;

// Every plugin below the plugin folders. Nothing of a plugin is run here: manifests are read, libraries are
// opened by the Opener, once each. A library is copied to <artefacts>/<id>/<sha256>/ and loaded from there.
// Any thread.
class Catalogue {
 public:
  Catalogue(std::vector<std::filesystem::path> folders, std::filesystem::path artefacts, log::Logger logger,
            Trust trust = {}, ManifestChecker check = {});
  ~Catalogue();

  // Reads the folders; unchanged plugins are not read again. True when the list has changed. Blocks on the
  // disk.
  bool scan();
  // Watches the folders (inotify) on a thread of its own; `open` runs there for each library that it has not
  // opened yet, `changed` after each look that found a change.
  void watch(std::function<void()> changed, Opener open = {});
  // Neither is called any more when it returns. Waits for an Opener that is at work.
  void unwatch();

  // Deletes the plugin's folders below `own` and every copy that was kept of it. False: none lies there, and
  // nothing is deleted. Blocks on the disk.
  bool remove(std::string_view id, const std::filesystem::path& own);

  // What administrators said; a version that is not there is passed over. Of whom nothing was said is not
  // enabled. True when that changes anything.
  bool choose(Choices choices);

  std::vector<CatalogueEntry> list() const;
  // The version that runs, or would when it is disabled; null when there is none, or nobody has enabled it.
  std::shared_ptr<const Manifest> find(std::string_view id) const;
  // As find(), also of one that nobody has enabled: for what enables it.
  std::shared_ptr<const Manifest> find_any(std::string_view id) const;
  // This version, also where another one runs; null when there is none.
  std::shared_ptr<const Manifest> find(std::string_view id, std::string_view version) const;
  bool is_disabled(std::string_view id) const;
  // Whether an administrator chose this version: then settings may go back to its shape.
  bool is_chosen(const Manifest& manifest) const;
  // What `id` is called when it was mistyped; empty when nothing is near.
  std::string nearest(std::string_view id) const;

 private:
  std::shared_ptr<const Manifest> first_of(std::string_view id) const;  // under the mutex
  CatalogueEntry read(const std::filesystem::path& folder, bool is_copy) const;
  bool look(const Opener& open);
  bool read_folders();
  bool open_libraries(const Opener& open);
  bool open_library(const Opener& open, const std::string& signature, CatalogueEntry& entry);
  void publish();
  void watch_loop(const std::stop_token& stop, const std::function<void()>& changed, const Opener& open);

  const std::vector<std::filesystem::path> folders_;
  const std::filesystem::path artefacts_;
  const log::Logger logger_;
  const Trust trust_;
  const ManifestChecker check_;
  Trust::State trusted_;  // at the last look
  bool untold_ = false;   // of what the list lacks since
  std::mutex scanning_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, CatalogueEntry>>
      seen_;  // signature of the folder's files, and what was read
  struct Unsure {
    std::shared_ptr<const Manifest> manifest;
    int looks = 0;  // until the next try
  };
  std::map<std::string, Unsure>
      unsure_;  // by signature: what could not be opened, perhaps through no fault of its
  std::vector<CatalogueEntry> entries_;
  Choices choices_;
  int wake_ = -1;  // eventfd that ends the watcher
  std::jthread watcher_;
};

}  // namespace patchbay::plugin
