#pragma once

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "config/config.hpp"

namespace patchbay::cli {

// "http://127.0.0.1:8420", "http://[::1]:8420": where a listener on that address is reached.
std::string listener_url(const std::string& address, std::uint16_t port);

// Talks to the running host over its API. The right to do so comes from the store: a token that lives a
// minute is written there, so whoever may read the store may use the command line. One thread; blocks.
class ApiClient {
 public:
  // Throws Error{unavailable} "cli.not_running" when no host is running on this state folder.
  explicit ApiClient(const config::Config& config);
  ~ApiClient();

  // `path` as "/api/v1/plugins". Throws Error with what the API said: code, text, findings.
  nlohmann::json get(const std::string& path);
  // Every item of a list.
  nlohmann::json all(const std::string& path);
  nlohmann::json post(const std::string& path, const nlohmann::json& body);
  nlohmann::json put(const std::string& path, const nlohmann::json& body);
  nlohmann::json patch(const std::string& path, const nlohmann::json& body);
  // PUTs a form with one file.
  nlohmann::json upload(const std::string& path, const std::string& name, const std::string& content);
  void remove(const std::string& path);

 private:
  struct State;
  void renew();
  nlohmann::json call(const std::string& method, const std::string& path, const std::string& body,
                      const std::string& type = "application/json");
  std::unique_ptr<State> state_;
};

// The file in the state folder that names the address of the running host.
std::filesystem::path address_file(const config::Config& config);

}  // namespace patchbay::cli
