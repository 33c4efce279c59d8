#include "plugin/impl/artefact.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace patchbay::plugin {

namespace fs = std::filesystem;

namespace {

void sync(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool done = fd >= 0 && ::fsync(fd) == 0;
  const auto why = std::error_code(errno, std::generic_category());
  if (fd >= 0) ::close(fd);
  if (!done) throw fs::filesystem_error("cannot be written to the disk", path, why);
}

}  // namespace

std::string sha256_of(const fs::path& file) {
  crypto::Sha256 digest;
  std::ifstream in(file, std::ios::binary);
  if (!in)
    throw fs::filesystem_error("cannot be read", file, std::error_code(errno, std::generic_category()));
  std::array<char, 1 << 16> buffer{};
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    digest.update(std::string_view(buffer.data(), static_cast<std::size_t>(in.gcount())));
  }
  return crypto::to_hex(digest.finish());
}

fs::path keep_artefact(const Manifest& manifest, const fs::path& artefacts) {
  const auto folder = artefacts / manifest.id / manifest.sha256;
  auto kept = folder / manifest.library;
  // Hashed again: what a crash tore or somebody changed is not loaded for ever.
  if (fs::exists(kept) && sha256_of(kept) == manifest.sha256) return kept;
  fs::create_directories(folder);
  const auto draft = folder / (manifest.library + "." + std::to_string(::getpid()));
  fs::copy_file(manifest.folder / manifest.library, draft, fs::copy_options::overwrite_existing);
  if (sha256_of(draft) != manifest.sha256) {
    fs::remove(draft);
    throw Error(Code::unavailable, Text("plugin.changed_meanwhile", {{"file", manifest.library}}));
  }
  fs::permissions(
      draft, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::group_read | fs::perms::others_read);
  sync(draft);
  fs::rename(draft, kept);
  sync(folder);
  return kept;
}

}  // namespace patchbay::plugin
