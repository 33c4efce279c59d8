#include "config/config.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>

#include <nlohmann/json.hpp>

#include "config/impl/environment.hpp"
#include "schema/schema.hpp"

namespace patchbay::config {

const std::vector<std::pair<std::string_view, std::string_view>>& embedded_schemas();

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in || fs::is_directory(file))
    throw Error(Code::not_found, Text("config.no_file", {{"file", file.string()}}));
  return std::string(std::istreambuf_iterator<char>(in), {});
}

json parse(const fs::path& file) {
  try {
    return json::parse(read_file(file), nullptr, true, true);
  } catch (const json::exception& e) {
    const std::string what = e.what();
    const auto at = what.find("at line");
    throw Error(Code::invalid,
                Text("config.broken_json",
                     {{"file", file.string()}, {"where", at == what.npos ? what : what.substr(at)}}));
  }
}

fs::path below(const fs::path& folder, const fs::path& path) {
  return (path.is_absolute() ? path : folder / path).lexically_normal();
}

std::string without_slash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

fs::path credential(const Environment& environment, const char* name) {
  const auto folder = environment.find("CREDENTIALS_DIRECTORY");
  if (folder == environment.end()) return {};
  const auto file = fs::path(folder->second) / name;
  return fs::exists(file) ? file : fs::path();
}

// An address with a password belongs into a credential rather than into the file.
std::string address_or_credential(const json& document, const char* pointer, const char* name,
                                  const Environment& environment) {
  auto url = document.at(json::json_pointer(pointer)).get<std::string>();
  const auto file = credential(environment, name);
  if (!url.empty() || file.empty()) return url;
  url = read_file(file);
  url.erase(std::find_if(url.begin(), url.end(), [](unsigned char c) { return std::isspace(c) != 0; }),
            url.end());
  return url;
}

std::string store_url(const json& document, const fs::path& folder, const Config& config,
                      const Environment& environment) {
  const auto url = address_or_credential(document, "/store/url", "store.url", environment);
  if (url.empty()) return "sqlite:" + (config.state_dir / "patchbay.db").string();
  constexpr std::string_view kSqlite = "sqlite:";
  if (url.rfind(kSqlite, 0) == 0)
    return std::string(kSqlite) + below(folder, url.substr(kSqlite.size())).string();
  return url;
}

// From the file or, when that says nothing, a credential.
fs::path file_or_credential(const json& document, const char* pointer, const char* name,
                            const fs::path& folder, const Environment& environment) {
  const auto given = document.at(json::json_pointer(pointer)).get<std::string>();
  return given.empty() ? credential(environment, name) : below(folder, given);
}

fs::path key_file(const json& document, const fs::path& folder, const Config& config,
                  const Environment& environment) {
  const auto file = file_or_credential(document, "/vault/key_file", "vault.key", folder, environment);
  return file.empty() ? config.state_dir / "vault.key" : file;
}

void read_tls(const json& document, const fs::path& folder, const Environment& environment, Config& config) {
  config.tls_address = document.at("/listen/tls/address"_json_pointer).get<std::string>();
  config.tls_port = document.at("/listen/tls/port"_json_pointer).get<std::uint16_t>();
  config.tls_certificate =
      file_or_credential(document, "/listen/tls/certificate", "tls.certificate", folder, environment);
  config.tls_key = file_or_credential(document, "/listen/tls/key", "tls.key", folder, environment);
  if (config.tls_certificate.empty() == config.tls_key.empty()) return;
  const char* missing = config.tls_key.empty() ? "/listen/tls/key" : "/listen/tls/certificate";
  const Text words("config.half_of_tls");
  throw Error(Code::invalid, words).add(Diagnostic(missing, words));
}

Config from_document(const json& document, const fs::path& folder, const Environment& environment) {
  Config config;
  config.site_url = without_slash(document.at("site_url").get<std::string>());
  config.state_dir = below(folder, document.at("state_dir").get<std::string>());
  config.threads = document.at("threads").get<std::size_t>();
  if (config.threads == 0) config.threads = std::max(1u, std::thread::hardware_concurrency());
  config.listen_address = document.at("/listen/address"_json_pointer).get<std::string>();
  config.listen_port = document.at("/listen/port"_json_pointer).get<std::uint16_t>();
  read_tls(document, folder, environment, config);
  config.trusted_proxies =
      document.at("/listen/trusted_proxies"_json_pointer).get<std::vector<std::string>>();
  config.store_url = store_url(document, folder, config, environment);
  config.store_sessions = document.at("/store/sessions"_json_pointer).get<std::size_t>();
  config.key_file = key_file(document, folder, config, environment);
  for (const auto& path : document.at("/plugins/folders"_json_pointer)) {
    config.plugin_folders.push_back(below(folder, path.get<std::string>()));
  }
  config.in_process = document.at("/plugins/in_process"_json_pointer).get<std::vector<std::string>>();
  config.plugin_sandbox = document.at("/plugins/sandbox"_json_pointer).get<bool>();
  const auto keys = document.at("/plugins/trusted_keys"_json_pointer).get<std::string>();
  config.trusted_keys = keys.empty() ? config.state_dir / "trusted_keys" : below(folder, keys);
  config.only_trusted = document.at("/plugins/only_trusted"_json_pointer).get<bool>();
  config.plugin_memory = document.at("/plugins/memory_mb"_json_pointer).get<std::uint64_t>() << 20;
  config.plugin_storage = document.at("/plugins/storage_mb"_json_pointer).get<std::int64_t>() << 20;
  config.plugin_cpu = document.at("/plugins/cpu_percent"_json_pointer).get<int>();
  config.egress_allow = document.at("/egress/allow"_json_pointer).get<std::vector<std::string>>();
  config.proxy = address_or_credential(document, "/egress/proxy", "egress.proxy", environment);
  config.dns_servers = document.at("/egress/dns"_json_pointer).get<std::vector<std::string>>();
  config.ca_file = document.at("/egress/ca_file"_json_pointer).get<std::string>();
  const auto declared = document.at("/setup/folder"_json_pointer).get<std::string>();
  if (!declared.empty()) config.setup_folder = below(folder, declared);
  config.inbox_keep_days = document.at("/inbox/keep_days"_json_pointer).get<int>();
  config.inbox_rate = document.at("/inbox/rate"_json_pointer).get<int>();
  config.log_format = document.at("/log/format"_json_pointer).get<std::string>();
  config.log_level = document.at("/log/level"_json_pointer).get<std::string>();
  const auto log_file = document.at("/log/file"_json_pointer).get<std::string>();
  if (!log_file.empty()) config.log_file = below(config.state_dir, log_file);
  return config;
}

}  // namespace

Config load(const fs::path& file, const Environment& environment) {
  static const auto* schema = new schema::Schema(
      schema::Schema::compile(json::parse(embedded_schemas().front().second), "schemas/config.json"));
  auto document = parse(file);
  if (document.is_object()) apply_environment(schema->document(), environment, document);
  schema::throw_if_any(schema->check(document), Text("config.invalid", {{"file", file.string()}}));
  const auto absolute = fs::absolute(file);
  auto config =
      from_document(schema->with_defaults(std::move(document)), absolute.parent_path(), environment);
  config.file = absolute;
  return config;
}

}  // namespace patchbay::config
