#include "plugin/impl/web_files.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"

namespace patchbay::plugin {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestFile = 4u << 20;
constexpr std::uintmax_t kLargestFolder = 16u << 20;
constexpr std::size_t kEtagBytes = 16;

constexpr std::array<std::pair<std::string_view, std::string_view>, 20> kTypes = {{
    {".css", "text/css; charset=utf-8"},
    {".gif", "image/gif"},
    {".html", "text/html; charset=utf-8"},
    {".ico", "image/x-icon"},
    {".jpeg", "image/jpeg"},
    {".jpg", "image/jpeg"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".mp3", "audio/mpeg"},
    {".ogg", "audio/ogg"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".webmanifest", "application/manifest+json"},
    {".webp", "image/webp"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
}};

std::string type_of(const fs::path& file) {
  const auto extension = file.extension().string();
  const auto known =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& type) { return type.first == extension; });
  return std::string(known == kTypes.end() ? "application/octet-stream" : known->second);
}

// What needs no encoding in an address, and is not hidden.
bool is_plain_name(const std::string& name) {
  return !name.starts_with('.') && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

WebFile read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  WebFile file;
  file.bytes.assign(std::istreambuf_iterator<char>(in), {});
  file.type = type_of(path);
  const auto digest = crypto::digest(crypto::Hash::sha256, file.bytes);
  file.etag = '"' + crypto::to_hex(std::string_view(digest).substr(0, kEtagBytes)) + '"';
  return file;
}

}  // namespace

std::map<std::string, WebFile, std::less<>> read_web_files(const fs::path& folder) {
  std::map<std::string, WebFile, std::less<>> files;
  const auto root = folder / "web";
  if (!fs::exists(fs::symlink_status(root))) return files;
  std::uintmax_t together = 0;
  const auto check = [](bool holds, const std::string& name) {
    if (!holds) throw Error(Code::invalid, Text("plugin.web_file", {{"file", name}}));
  };
  check(fs::is_directory(fs::symlink_status(root)), "");
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const auto name = entry.path().lexically_relative(root).generic_string();
    check(!entry.is_symlink() && is_plain_name(entry.path().filename().string()), name);
    if (entry.is_directory()) continue;
    check(entry.is_regular_file() && entry.file_size() <= kLargestFile, name);
    together += entry.file_size();
    check(together <= kLargestFolder, name);
    files.emplace(name, read(entry.path()));
  }
  return files;
}

}  // namespace patchbay::plugin
