#include "plugin/impl/artefact.hpp"

#include <unistd.h>

namespace patchbay::plugin {

namespace fs = std::filesystem;

fs::path keep_artefact(const Manifest& manifest, const fs::path& artefacts) {
  const auto folder = artefacts / manifest.id / manifest.sha256;
  auto kept = folder / manifest.library;
  if (fs::exists(kept)) return kept;
  fs::create_directories(folder);
  const auto draft = folder / (manifest.library + "." + std::to_string(::getpid()));
  fs::copy_file(manifest.folder / manifest.library, draft, fs::copy_options::overwrite_existing);
  fs::permissions(
      draft, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::group_read | fs::perms::others_read);
  fs::rename(draft, kept);
  return kept;
}

}  // namespace patchbay::plugin
