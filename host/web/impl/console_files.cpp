#include "web/console_files.hpp"

#include <algorithm>
#include <array>
#include <fstream>

#include "base/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/encoding.hpp"
#include "web/impl/browser_page.hpp"
#include "web/impl/route_table.hpp"
#include "web/plugin_files.hpp"
#include "web/problem.hpp"

namespace patchbay::web {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kPage = "index.html";
constexpr std::string_view kHashed = "assets/";  // names there hold a hash of what is in them
constexpr std::string_view kBase = "<base href=\"/\"";
constexpr std::size_t kEtagBytes = 12;
// Whatever else is asked for there is no page of the console.
constexpr std::array<std::string_view, 6> kOthers = {"/api",     "/hooks", "/files",
                                                     "/plugins", "/oauth", "/sign-in"};
// Only what is served here runs and shows; nothing inline.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' "
    "blob:; connect-src 'self'; font-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kTypes = {{
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".json", "application/json"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
}};

std::string type_of(const fs::path& path) {
  const auto extension = path.extension().string();
  for (const auto& [known, type] : kTypes) {
    if (extension == known) return std::string(type);
  }
  return "application/octet-stream";
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) throw Error(Code::unavailable, Text("web.console_file"));
  return bytes;
}

std::string etag_of(std::string_view bytes) {
  return '"' + crypto::to_hex(crypto::digest(crypto::Hash::sha256, bytes)).substr(0, 2 * kEtagBytes) + '"';
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// "br, gzip;q=0.5": whether this one may be sent.
bool takes(std::string_view accepted, std::string_view coding) {
  while (!accepted.empty()) {
    auto one = accepted.substr(0, accepted.find(','));
    accepted.remove_prefix(std::min(one.size() + 1, accepted.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    const auto weight = one.find(';');
    auto name = one.substr(0, weight);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (name != coding) continue;
    const auto q = weight == one.npos ? one.npos : one.find("q=", weight);
    return q == one.npos || one.find_first_not_of("0.", q + 2) != one.npos;
  }
  return false;
}

Response with_headers(Response response, const std::string& etag, std::string_view cached) {
  response.headers.add("etag", etag);
  response.headers.add("cache-control", cached);
  response.headers.add("content-security-policy", kPolicy);
  response.headers.add("referrer-policy", "same-origin");
  response.headers.add("cross-origin-opener-policy", "same-origin");
  return response;
}

}  // namespace

ConsoleFiles::ConsoleFiles(const fs::path& folder, SiteAddress site) : site_(std::move(site)) {
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
    if (!entry.is_regular_file() || entry.is_symlink()) continue;
    add(entry.path(), entry.path().lexically_relative(folder).generic_string());
  }
}

void ConsoleFiles::add(const fs::path& path, std::string name) {
  if (name == kPage) {
    page_ = read(path);
    return;
  }
  const auto extension = path.extension();
  if (extension == ".br" || extension == ".gz") return;
  File file;
  file.path = path;
  file.type = type_of(path);
  file.etag = etag_of(read(path));
  file.brotli = fs::exists(path.string() + ".br");
  file.gzip = fs::exists(path.string() + ".gz");
  files_.emplace(std::move(name), std::move(file));
}

BodyPlan ConsoleFiles::plan(const Request&) {
  return BodyPlan(0);
}

boost::asio::awaitable<Response> ConsoleFiles::handle(Request request) {
  const auto base = site_.path();
  auto path = strip_base(request.path(), base);
  if (path == base) path = "/";
  const bool is_front = path == "/" || path == "/index.html";
  const auto name = path.substr(std::min<std::size_t>(1, path.size()));
  if (const auto found = files_.find(name); found != files_.end())
    co_return file(found->second, name.starts_with(kHashed), request);
  const bool is_others = std::any_of(kOthers.begin(), kOthers.end(),
                                     [&](std::string_view folder) { return is_below(path, folder); });
  const bool wants_page = request.headers.get("accept").find("text/html") != std::string_view::npos;
  if (is_others || name.starts_with(kHashed) || (!is_front && !wants_page))
    throw Error(Code::not_found, Text("web.no_such_path", {{"path", std::string(path.substr(0, 200))}}));
  co_return page(request);
}

Response ConsoleFiles::page(const Request& request) const {
  if (page_.empty()) {
    const auto language = language_of(request.headers.get("accept-language"));
    return browser_page(404, language, Text("web.no_console"), Text("web.no_console_what").in(language));
  }
  auto bytes = page_;
  const auto base = bytes.find(kBase);
  const auto below = site_.path();
  const bool is_plain = below.find_first_of("\"<>&") == below.npos;  // nothing of it ends the attribute
  if (base != bytes.npos && is_plain) bytes.insert(base + kBase.size() - 2, below);
  const auto etag = etag_of(bytes);
  const bool known = names_etag(request.headers.get("if-none-match"), etag);
  return with_headers(known ? Response(304) : Response(200, "text/html; charset=utf-8", std::move(bytes)),
                      etag, "no-cache");
}

Response ConsoleFiles::file(const File& file, bool is_hashed, const Request& request) const {
  constexpr std::string_view kForever = "public, max-age=31536000, immutable";
  const auto accepted = request.headers.get("accept-encoding");
  const std::string_view coding = file.brotli && takes(accepted, "br")   ? "br"
                                  : file.gzip && takes(accepted, "gzip") ? "gzip"
                                                                         : "";
  auto etag = file.etag;
  if (!coding.empty()) etag.insert(etag.size() - 1, "-" + std::string(coding));
  const bool known = names_etag(request.headers.get("if-none-match"), etag);
  Response response(known ? 304 : 200);
  if (!known) {
    const auto* suffix = coding == "br" ? ".br" : coding == "gzip" ? ".gz" : "";
    response = Response(200, file.type, read(file.path.string() + suffix));
    if (!coding.empty()) response.headers.add("content-encoding", coding);
  }
  if (file.brotli || file.gzip) response.headers.add("vary", "accept-encoding");
  return with_headers(std::move(response), etag, is_hashed ? kForever : "no-cache");
}

}  // namespace patchbay::web
