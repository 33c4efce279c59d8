#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace patchbay::config {

// The host's configuration: one JSON file (schemas/config.json), environment variables over it, credentials
// from systemd. Every path is absolute.
struct Config {
  std::filesystem::path file;  // where it was read from
  std::string site_url;        // without a slash at the end; empty: not known
  std::filesystem::path state_dir;
  std::size_t threads = 1;
  std::string listen_address;
  std::uint16_t listen_port = 0;
  std::string tls_address;
  std::uint16_t tls_port = 0;
  std::filesystem::path tls_certificate;  // empty: no listener with TLS
  std::filesystem::path tls_key;
  std::vector<std::string> trusted_proxies;  // addresses and ranges
  std::string store_url;
  std::size_t store_sessions = 4;
  std::filesystem::path key_file;
  std::vector<std::filesystem::path> plugin_folders;
  std::vector<std::string> in_process;
  std::filesystem::path trusted_keys;  // folder
  bool only_trusted = false;
  bool plugin_sandbox = true;
  std::uint64_t plugin_memory = 0;  // bytes of one worker; 0: no limit
  int plugin_cpu = 0;               // percent of one core that one worker may take; 0: no limit
  std::int64_t plugin_storage = 0;  // bytes kept for one integration that nobody uses yet; 0: no limit
  std::vector<std::string> egress_allow;
  std::string proxy;
  std::string ca_file;
  std::vector<std::string> dns_servers;  // empty: the machine's
  std::filesystem::path setup_folder;    // of files that declare integrations; empty: none
  int inbox_keep_days = 7;
  int inbox_rate = 0;  // webhooks a second that one integration may get
  std::string log_format;
  std::string log_level;
  std::filesystem::path log_file;  // empty: none
};

using Environment = std::map<std::string, std::string>;

// This process's PATCHBAY_* variables and CREDENTIALS_DIRECTORY.
Environment environment_of_process();

// Throws Error: not_found (no such file), invalid with diagnostics that name file, path and remedy.
// PATCHBAY_LISTEN_PORT=0 stands over /listen/port; lists are separated by commas; an unknown PATCHBAY_
// variable is an error.
Config load(const std::filesystem::path& file, const Environment& environment);

}  // namespace patchbay::config
