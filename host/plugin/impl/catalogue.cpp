#include "plugin/catalogue.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>

#include "base/error.hpp"
#include "plugin/impl/artefact.hpp"
#include "plugin/impl/kept_packages.hpp"
#include "plugin/read_manifest.hpp"
#include "schema/nearest.hpp"

namespace patchbay::plugin {
namespace {

namespace fs = std::filesystem;

constexpr int kQuietMs = 250;  // a copy in progress makes many events; look once it rests
constexpr int kLookMs =
    2000;  // for folders that cannot be watched, since they do not exist yet or lie deeper
constexpr int kLooksUntilNextTry = 15;
constexpr std::uint32_t kEvents =
    IN_CREATE | IN_DELETE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF;

// Changes when any file of the plugin does: names, sizes and times, not contents.
std::string signature_of(const fs::path& folder) {
  std::set<std::string> lines;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    const auto time = it->last_write_time(error).time_since_epoch().count();
    lines.insert(it->path().string() + "|" + std::to_string(it->file_size(error)) + "|" +
                 std::to_string(time));
  }
  std::string out = folder.string();
  for (const auto& line : lines) out += "\n" + line;
  return out;
}

// In the order of `folders`; by name in each.
std::vector<fs::path> plugin_folders(const std::vector<fs::path>& folders) {
  std::vector<fs::path> out;
  for (const auto& folder : folders) {
    const auto before = static_cast<std::ptrdiff_t>(out.size());
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      if (it->is_directory(error) && it->path().filename().string().front() != '.') out.push_back(it->path());
    }
    std::sort(out.begin() + before, out.end());
  }
  return out;
}

// What is read and what is checked must be the same bytes: others may write into the plugin's folder
// meanwhile.
class PrivateCopy {
 public:
  PrivateCopy(const fs::path& of, fs::path below)
      : below_(std::move(below)), folder_(below_ / of.filename()) {
    fs::remove_all(below_);  // of a host that ended over it
    fs::create_directories(below_);
    fs::copy(of, folder_, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  }
  ~PrivateCopy() {
    std::error_code ignored;
    fs::remove_all(below_, ignored);
  }
  PrivateCopy(const PrivateCopy&) = delete;
  PrivateCopy& operator=(const PrivateCopy&) = delete;
  const fs::path& folder() const { return folder_; }

 private:
  const fs::path below_;
  const fs::path folder_;
};

// Whether `a` should run rather than `b` of the same id, both of one list: what was chosen, then the newest
// that lies in a plugin folder (HOST-4), then the one that is listed first, so that the same version
// dropped in again elsewhere replaces nothing. A copy runs only when it was chosen.
bool goes_before(const CatalogueEntry& a, const CatalogueEntry& b, const std::string& chosen) {
  const bool a_chosen = !chosen.empty() && a.version == chosen;
  const bool b_chosen = !chosen.empty() && b.version == chosen;
  if (a_chosen != b_chosen) return a_chosen;
  if (a.is_copy != b.is_copy) return b.is_copy;
  if (is_older(b.version, a.version)) return true;
  return !is_older(a.version, b.version) && &a < &b;
}

void settle_versions(std::vector<CatalogueEntry>& entries, const Choices& choices) {
  for (auto& entry : entries) {
    if (!entry.manifest) continue;
    const auto choice = choices.find(entry.id);
    const auto chosen = choice == choices.end() ? std::string() : choice->second.version;
    entry.state = CatalogueEntry::State::ready;
    entry.reason = Text();
    if (choice == choices.end()) {
      entry.state = CatalogueEntry::State::found;
      entry.reason = Text("plugin.not_enabled", {{"plugin", entry.id}});
    } else if (choice->second.disabled) {
      entry.state = CatalogueEntry::State::disabled;
      entry.reason = Text("plugin.disabled", {{"plugin", entry.id}});
    }
    if (entry.is_copy && entry.version != chosen) {
      entry.state = CatalogueEntry::State::kept;
      continue;
    }
    for (const auto& other : entries) {
      if (&other == &entry || !other.manifest || other.id != entry.id || !goes_before(other, entry, chosen))
        continue;
      entry.state = entry.is_copy ? CatalogueEntry::State::kept : CatalogueEntry::State::superseded;
      entry.reason =
          Text("plugin.superseded", {{"version", other.version}, {"folder", other.folder.string()}});
    }
  }
}

// A copy of what lies in a plugin folder says nothing new, and a broken one helps nobody.
void drop_needless_copies(std::vector<CatalogueEntry>& entries) {
  std::set<std::string> present;
  for (const auto& entry : entries) {
    if (!entry.is_copy) present.insert(entry.package);
  }
  std::erase_if(entries, [&](const CatalogueEntry& entry) {
    return entry.is_copy && (!entry.manifest || present.contains(entry.package));
  });
}

void drain(int fd) {
  std::array<char, 4096> buffer{};
  while (::read(fd, buffer.data(), buffer.size()) > 0) {
  }
}

}  // namespace

std::string_view state_name(CatalogueEntry::State state) {
  switch (state) {
    case CatalogueEntry::State::ready:
      return "ready";
    case CatalogueEntry::State::found:
      return "found";
    case CatalogueEntry::State::disabled:
      return "disabled";
    case CatalogueEntry::State::superseded:
      return "superseded";
    case CatalogueEntry::State::kept:
      return "kept";
    case CatalogueEntry::State::broken:
      return "broken";
  }
  return "broken";
}

bool goes_first(CatalogueEntry::State state) {
  using State = CatalogueEntry::State;
  return state == State::ready || state == State::found || state == State::disabled;
}

Catalogue::Catalogue(std::vector<fs::path> folders, fs::path artefacts, log::Logger logger, Trust trust,
                     ManifestChecker check)
    : folders_(std::move(folders)),
      artefacts_(std::move(artefacts)),
      logger_(std::move(logger)),
      trust_(std::move(trust)),
      check_(std::move(check)) {}

Catalogue::~Catalogue() {
  unwatch();
}

void Catalogue::unwatch() {
  if (wake_ < 0) return;
  watcher_.request_stop();
  ::eventfd_write(wake_, 1);
  watcher_.join();
  ::close(wake_);
  wake_ = -1;
}

CatalogueEntry Catalogue::read(const fs::path& folder, bool is_copy) const {
  CatalogueEntry entry;
  entry.is_copy = is_copy;
  entry.id = folder.filename().string();
  entry.folder = folder;
  try {
    const bool demanded = trust_.demands_signature(folder);
    std::optional<PrivateCopy> copy;
    if (demanded || fs::exists(folder / kSignatureFile)) copy.emplace(folder, artefacts_ / ".reading");
    const auto& here = copy ? copy->folder() : folder;
    auto manifest = std::make_shared<Manifest>(read_manifest(here));
    entry.id = manifest->id;
    entry.version = manifest->version;
    if (check_) check_(*manifest);
    entry.signed_by = trust_.signer_of(here, demanded);
    manifest->artefact = keep_artefact(*manifest, artefacts_);
    manifest->package = is_packable(here) ? hash_of_package(here) : manifest->sha256;
    if (!is_copy && is_packable(here)) keep_package(here, *manifest, artefacts_);
    entry.package = manifest->package;
    manifest->folder = folder;
    entry.manifest = std::move(manifest);
  } catch (const Error& error) {
    std::string words = error.what();
    entry.reason = error.diagnostics().empty() ? error.text() : Text::verbatim(std::move(words));
    logger_.warn("plugin is broken",
                 {{"plugin", entry.id}, {"folder", folder.string()}, {"reason", error.what()}});
  } catch (const std::exception& error) {
    entry.reason = Text("plugin.unreadable", {{"why", error.what()}});
    logger_.warn("plugin cannot be read", {{"folder", folder.string()}, {"reason", error.what()}});
  }
  return entry;
}

bool Catalogue::scan() {
  const std::lock_guard scanning(scanning_);
  const bool changed = read_folders();
  publish();
  return changed;
}

bool Catalogue::read_folders() {
  std::vector<std::pair<std::string, CatalogueEntry>> now;
  bool changed = false;
  const auto trusted = trust_.state();
  if (trusted != trusted_) {
    for (const auto& file : trusted.broken) logger_.warn("this file holds no public key", {{"file", file}});
  }
  trusted_ = trusted;
  const auto take = [&](const fs::path& folder, bool is_copy) {
    auto signature = trusted.keys + signature_of(folder);
    const auto known =
        std::find_if(seen_.begin(), seen_.end(), [&](const auto& s) { return s.first == signature; });
    if (known != seen_.end()) return now.push_back(*known);
    changed = true;
    now.emplace_back(std::move(signature), read(folder, is_copy));
  };
  for (const auto& folder : plugin_folders(folders_)) take(folder, false);
  for (const auto& folder : kept_packages(artefacts_))
    take(folder, true);  // those that were kept just now too
  changed = changed || now.size() != seen_.size();
  seen_ = std::move(now);
  return changed;
}

bool Catalogue::open_libraries(const Opener& open) {
  bool changed = false;
  for (auto& [signature, entry] : seen_) {
    if (entry.is_copy) continue;  // it was opened where it came from
    const auto unsure = unsure_.find(signature);
    if (unsure != unsure_.end()) {
      if (--unsure->second.looks > 0) continue;
      entry.manifest = unsure->second.manifest;
      unsure_.erase(unsure);
      changed |= !open_library(open, signature, entry);
      continue;
    }
    if (open && entry.manifest) changed |= open_library(open, signature, entry);
  }
  return changed;
}

// A copy that has been opened once is known to open: a mark beside it says so, also to the next run of the
// host. True when it cannot be used.
bool Catalogue::open_library(const Opener& open, const std::string& signature, CatalogueEntry& entry) {
  const auto mark = entry.manifest->artefact.parent_path() / "opens";
  if (fs::exists(mark)) return false;
  std::optional<Text> reason;
  try {
    reason = open(*entry.manifest);
  } catch (const Error& error) {
    reason = error.text();
    if (error.code() == Code::unavailable) unsure_[signature] = Unsure{entry.manifest, kLooksUntilNextTry};
  }
  if (!reason) {
    std::ofstream(mark) << '\n';
    return false;
  }
  logger_.warn("plugin cannot be opened",
               {{"plugin", entry.id}, {"folder", entry.folder.string()}, {"reason", reason->english()}});
  entry.manifest = nullptr;
  entry.reason = *reason;
  return true;
}

bool Catalogue::remove(std::string_view id, const fs::path& own) {
  const std::lock_guard scanning(scanning_);
  std::vector<fs::path> folders;
  bool only_copies = true;
  for (const auto& [signature, entry] : seen_) {
    if (entry.id != id || entry.is_copy) continue;
    only_copies = false;
    if (entry.folder.parent_path() == own) folders.push_back(entry.folder);
  }
  if (folders.empty() && !only_copies) return false;
  // The copies first: what is left if this is broken off is a plugin that can be removed again.
  fs::remove_all(artefacts_ / id);
  for (const auto& folder : folders) fs::remove_all(folder);
  // What lies elsewhere under this id is read, and its library copied, anew.
  std::erase_if(seen_, [&](const auto& seen) { return seen.second.id == id; });
  untold_ = true;
  read_folders();
  publish();
  return true;
}

void Catalogue::publish() {
  std::vector<CatalogueEntry> entries;
  for (const auto& [signature, entry] : seen_) entries.push_back(entry);
  drop_needless_copies(entries);
  const std::lock_guard lock(mutex_);
  settle_versions(entries, choices_);
  entries_ = std::move(entries);
}

bool Catalogue::choose(Choices choices) {
  const std::lock_guard lock(mutex_);
  if (choices == choices_) return false;
  choices_ = std::move(choices);
  settle_versions(entries_, choices_);
  return true;
}

void Catalogue::watch(std::function<void()> changed, Opener open) {
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  watcher_ = std::jthread([this, changed = std::move(changed), open = std::move(open)](
                              const std::stop_token& stop) { watch_loop(stop, changed, open); });
}

bool Catalogue::look(const Opener& open) {
  const std::lock_guard scanning(scanning_);
  const bool found = read_folders();
  const bool refused = open_libraries(open);
  publish();
  return std::exchange(untold_, false) || found || refused;
}

void Catalogue::watch_loop(const std::stop_token& stop, const std::function<void()>& changed,
                           const Opener& open) {
  const int notify = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  while (!stop.stop_requested()) {
    // Watches are set anew each time, so that new folders are seen; setting one twice does nothing.
    for (const auto& folder : folders_) ::inotify_add_watch(notify, folder.c_str(), kEvents);
    for (const auto& folder : plugin_folders(folders_)) ::inotify_add_watch(notify, folder.c_str(), kEvents);
    try {
      if (look(open)) changed();
    } catch (const std::exception& error) {
      logger_.error("the plugin folders could not be looked through, that is done again later",
                    {{"error", error.what()}});
    }
    std::array<pollfd, 2> waits = {pollfd{notify, POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
    ::poll(waits.data(), waits.size(), kLookMs);
    while (!stop.stop_requested() && waits[0].revents != 0) {
      drain(notify);
      if (::poll(waits.data(), waits.size(), kQuietMs) == 0) break;
    }
  }
  ::close(notify);
}

std::vector<CatalogueEntry> Catalogue::list() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

std::shared_ptr<const Manifest> Catalogue::find(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  return choices_.contains(id) ? first_of(id) : nullptr;
}

std::shared_ptr<const Manifest> Catalogue::find_any(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  return first_of(id);
}

std::shared_ptr<const Manifest> Catalogue::first_of(std::string_view id) const {
  for (const auto& entry : entries_) {
    if (entry.id == id && goes_first(entry.state)) return entry.manifest;
  }
  return nullptr;
}

std::shared_ptr<const Manifest> Catalogue::find(std::string_view id, std::string_view version) const {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<const Manifest> found;
  for (const auto& entry : entries_) {
    if (entry.manifest && entry.id == id && entry.version == version && (!found || !entry.is_copy))
      found = entry.manifest;
  }
  return found;
}

bool Catalogue::is_disabled(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto choice = choices_.find(id);
  return choice != choices_.end() && choice->second.disabled;
}

bool Catalogue::is_chosen(const Manifest& manifest) const {
  const std::lock_guard lock(mutex_);
  const auto choice = choices_.find(manifest.id);
  return choice != choices_.end() && choice->second.version == manifest.version;
}

std::string Catalogue::nearest(std::string_view id) const {
  std::vector<std::string> ids;
  for (const auto& entry : list()) ids.push_back(entry.id);
  return schema::nearest(id, ids);
}

}  // namespace patchbay::plugin
