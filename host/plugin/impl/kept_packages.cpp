#include "plugin/impl/kept_packages.hpp"

#include <unistd.h>

#include <algorithm>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "plugin/package.hpp"

namespace patchbay::plugin {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPackages = "packages";
constexpr std::size_t kKept = 4;  // of one plugin, the present one among them

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->is_directory(error) && it->path().filename().string().front() != '.') out.push_back(it->path());
  }
  return out;
}

void forget_oldest(const fs::path& folder) {
  auto kept = folders_in(folder);
  std::error_code ignored;
  std::sort(kept.begin(), kept.end(), [&](const fs::path& a, const fs::path& b) {
    return fs::last_write_time(a, ignored) > fs::last_write_time(b, ignored);
  });
  for (std::size_t i = kKept; i < kept.size(); ++i) fs::remove_all(kept[i], ignored);
}

}  // namespace

bool is_packable(const fs::path& folder) {
  try {
    package_listing(folder);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string hash_of_package(const fs::path& folder) {
  crypto::Sha256 digest;
  digest.update(package_listing(folder));
  return crypto::to_hex(digest.finish());
}

void keep_package(const fs::path& from, const Manifest& manifest, const fs::path& artefacts) {
  const auto folder = artefacts / manifest.id / kPackages;
  const auto kept = folder / manifest.package;
  if (fs::exists(kept)) return;
  fs::create_directories(folder);
  const auto draft = folder / ("." + manifest.package + "." + std::to_string(::getpid()));
  fs::remove_all(draft);
  fs::copy(from, draft, fs::copy_options::recursive);
  // What was changed meanwhile is not what was read.
  if (hash_of_package(draft) == manifest.package) fs::rename(draft, kept);
  fs::remove_all(draft);
  forget_oldest(folder);
}

std::vector<fs::path> kept_packages(const fs::path& artefacts) {
  std::vector<fs::path> out;
  for (const auto& plugin : folders_in(artefacts)) {
    const auto kept = folders_in(plugin / kPackages);
    out.insert(out.end(), kept.begin(), kept.end());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace patchbay::plugin
