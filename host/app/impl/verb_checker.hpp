#pragma once

#include <map>
#include <memory>
#include <string>

#include "plugin/services.hpp"
#include "schema/schema.hpp"

namespace patchbay::app {

// Compares what crosses the seam with schemas/abi/*.json, and events with schemas/events/*.json. In debug
// builds only: a plugin or host that breaks the contract is found where it does.
class SchemaVerbChecker final : public plugin::VerbChecker {
 public:
  SchemaVerbChecker();

  std::optional<std::string> check_request(const std::string& method,
                                           const port::Message& message) const override;
  std::optional<std::string> check_reply(const std::string& method,
                                         const port::Result& result) const override;

  // Null in release builds.
  static std::unique_ptr<plugin::VerbChecker> of_this_build();

 private:
  using Schemas = std::map<std::string, schema::Schema, std::less<>>;
  std::optional<std::string> check(const Schemas& schemas, const std::string& method,
                                   const port::Message& message, bool has_events) const;
  std::optional<std::string> check_events(const nlohmann::json& events) const;

  Schemas requests_;
  Schemas replies_;
  Schemas events_;    // by type
  Schemas failures_;  // one: of every verb
};

}  // namespace patchbay::app
