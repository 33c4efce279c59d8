#include "app/impl/declared.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <nlohmann/json.hpp>

#include "base/back_off.hpp"
#include "base/error.hpp"

namespace patchbay::app {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using nlohmann::json;

namespace {

using namespace std::chrono_literals;

constexpr Duration kStep = 200ms;
constexpr Duration kFirstRepeat = 5s;
constexpr Duration kLongestRepeat = 5min;

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || fs::is_directory(file))
    throw Error(Code::not_found, Text("config.no_file", {{"file", file.string()}}));
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// Without the line's end that editors add.
std::string secret_in(const fs::path& file) {
  auto value = read_file(file);
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  if (value.empty()) throw Error(Code::invalid, Text("app.empty_secret", {{"file", file.string()}}));
  return value;
}

std::string secret_of(const fs::path& folder, const std::string& reference) {
  const auto parsed = json::parse(reference);
  if (parsed.contains("file")) {
    const fs::path file = parsed.at("file").get<std::string>();
    return secret_in(file.is_absolute() ? file : folder / file);
  }
  const auto* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  const auto name = parsed.at("credential").get<std::string>();
  if (credentials == nullptr || name.find('/') != name.npos)
    throw Error(Code::not_found, Text("app.no_credential", {{"credential", name}}));
  return secret_in(fs::path(credentials) / name);
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") out.push_back(entry.path());
  }
  if (error)
    throw Error(Code::invalid,
                Text("app.no_setup_folder", {{"folder", folder.string()}, {"why", error.message()}}));
  std::sort(out.begin(), out.end());
  return out;
}

bool may_pass(Code code) {
  return code == Code::unavailable || code == Code::deadline || code == Code::rate_limited ||
         code == Code::outcome_unknown || code == Code::conflict;
}

}  // namespace

bool Declared::tell(const std::string& file, const lifecycle::Applied& applied) const {
  const auto what = applied.kind + " " + lifecycle::declaration_of(applied.plugin, applied.name);
  if (applied.opened)
    logger_.warn("a file opens routes that verify nothing to anybody", {{"file", file}, {"entry", what}});
  if (applied.error) {
    logger_.error("what a file declares does not work",
                  {{"file", file}, {"entry", what}, {"error", applied.error->what()}});
  } else if (!applied.missing.empty()) {
    logger_.error("what a file declares lacks a secret",
                  {{"file", file}, {"entry", what}, {"secret", applied.missing.front()}});
  } else if (applied.result != "unchanged") {
    logger_.info("applied what a file declares",
                 {{"file", file}, {"entry", what}, {"result", applied.result}});
  }
  // What the provider refuses may work when it is there again; a secret may be given by hand.
  return applied.missing.empty() && (!applied.error || !(may_pass(applied.error->code()) || applied.id));
}

// What a document declares.
std::vector<std::string> Declared::names_in(const json& document) {
  std::vector<std::string> out;
  for (const auto* kind : {"profiles", "integrations"}) {
    const auto list = document.is_object() ? document.value(kind, json::array()) : json::array();
    for (const auto& each : list) {
      if (!each.is_object()) continue;
      const auto plugin = each.value("plugin", json());
      const auto name = each.value("name", json());
      if (!plugin.is_string() || !name.is_string()) continue;
      const auto declared = lifecycle::declaration_of(plugin.get<std::string>(), name.get<std::string>());
      const bool is_profile = kind == std::string_view("profiles");
      out.push_back(is_profile ? lifecycle::profile_declaration_of(declared) : declared);
    }
  }
  return out;
}

asio::awaitable<bool> Declared::apply() {
  const int wanted = wanted_;
  const auto files = files_in(folder_);
  std::vector<std::string> declared;
  bool settled = true;
  bool whole = !files.empty();
  for (const auto& file : files) {
    std::optional<Error> unusable;
    try {
      auto text = read_file(file);
      const auto parsed = json::parse(text, nullptr, false);
      for (auto& name : names_in(parsed)) {
        if (std::find(declared.begin(), declared.end(), name) != declared.end())
          throw Error(Code::invalid, Text("lifecycle.named_twice", {{"name", name}}));
        declared.push_back(std::move(name));
      }
      lifecycle::Portable::Options options;
      options.who = "file " + file.filename().string();
      options.declared = true;
      options.accept_unverified = true;
      options.secret = [this](const std::string& reference) { return secret_of(folder_, reference); };
      const auto all = co_await portable_.apply(std::move(text), std::move(options));
      for (const auto& each : all) settled = tell(file.filename().string(), each) && settled;
    } catch (const Error& error) {
      unusable = error;
    } catch (const json::exception&) {
      unusable = Error(Code::invalid, Text("lifecycle.bad_document"));
    }
    if (wanted != wanted_) co_return false;  // what has been read is old by now
    if (!unusable) continue;
    if (unusable->code() == Code::cancelled) throw Error(*unusable);
    whole = false;
    settled = settled && !may_pass(unusable->code());
    auto why = std::string(unusable->what());
    if (!unusable->diagnostics().empty()) {
      const auto& first = unusable->diagnostics().front();
      why += " (" + first.path + ": " + first.summary.english() + ")";
    }
    logger_.error("a file that declares integrations cannot be used",
                  {{"file", file.string()}, {"error", why}});
  }
  if (files.empty())
    logger_.warn("no file declares integrations: what was declared stays as it is",
                 {{"folder", folder_.string()}});
  if (!whole) co_return settled;
  const auto released = co_await portable_.release_undeclared(std::move(declared), host_);
  for (const auto& name : released)
    logger_.warn("no file declares this any more: an integration is disconnected, a profile stays",
                 {{"entry", name}});
  co_return settled;
}

asio::awaitable<void> Declared::run() {
  if (folder_.empty()) co_return;
  for (int tries = 1;; ++tries) {
    const int wanted = wanted_;
    bool settled = false;
    try {
      settled = co_await apply();
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) throw;
      logger_.error("what files declare cannot be applied",
                    {{"folder", folder_.string()}, {"error", error.what()}});
      settled = !may_pass(error.code());
    }
    const auto until = clock_.monotonic() + back_off(kFirstRepeat, kLongestRepeat, tries);
    while (wanted == wanted_ && (settled || clock_.monotonic() < until)) co_await clock_.sleep(kStep);
    if (wanted != wanted_) tries = 0;
  }
}

}  // namespace patchbay::app
