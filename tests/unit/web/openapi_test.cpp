#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <set>

#include "unit/web/api_server.hpp"
#include "web/router.hpp"

namespace patchbay::web {
namespace {

using nlohmann::json;

boost::asio::awaitable<Response> nothing(Call) {
  co_return Response(204);
}

class OpenApiTest : public testing::Test {
 protected:
  OpenApiTest() {
    router.component("Thing", R"({"type":"object","properties":{"id":{"type":"string"}}})");
    router.add(Operation::read_chats, Verb::get, "/api/v1/things", nothing,
               Doc("All things").lists(R"({"$ref":"#/components/schemas/Thing"})"));
    router.add(Operation::write_chats, Verb::post, "/api/v1/things", nothing,
               Doc("Make one")
                   .json(R"({"type":"object"})")
                   .answers(201, "Made", R"({"type":"object"})")
                   .errors({409}));
    router.add(Operation::none, Verb::del, "/api/v1/things/{id}/parts/{part}", nothing,
               Doc("Part with it").path("part", "Its name").answers(204, "Gone"));
    router.add(Operation::write_files, Verb::post, "/api/v1/files", nothing,
               Doc("Store a file").stream("multipart/form-data", 50u << 20).answers(201, "Stored"));
    document = json::parse(router.openapi("0.1.0", "https://host.example/app"));
  }

  // Every "$ref" inside must lead somewhere.
  void check_references(const json& value) {
    if (value.is_object() && value.contains("$ref")) {
      const auto pointer = value["$ref"].get<std::string>();
      EXPECT_TRUE(document.contains(json::json_pointer(pointer.substr(1)))) << pointer;
    }
    if (value.is_structured()) {
      for (const auto& child : value) check_references(child);
    }
  }

  ScopeAuthenticator authenticator;
  Router router{authenticator};
  json document;
};

TEST_F(OpenApiTest, HasWhatTheSpecificationDemands) {
  EXPECT_EQ(document["openapi"], "3.1.0");
  EXPECT_TRUE(document["info"]["title"].is_string());
  EXPECT_EQ(document["info"]["version"], "0.1.0");
  EXPECT_EQ(document["servers"][0]["url"], "https://host.example/app");
  EXPECT_EQ(document["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

TEST_F(OpenApiTest, HoldsEveryRouteWithItsOperation) {  // ACC-3
  for (const auto& route : router.routes()) {
    std::string verb(verb_name(route.verb));
    for (auto& c : verb) c = static_cast<char>(c - 'A' + 'a');
    const auto& operation = document["paths"][route.path][verb];
    EXPECT_EQ(operation["x-operation"], std::string(operation_name(route.operation))) << route.path;
    EXPECT_EQ(operation["security"].empty(), route.operation == Operation::none);
  }
}

TEST_F(OpenApiTest, OperationsAreWhole) {
  std::set<std::string> ids;
  for (const auto& [path, verbs] : document["paths"].items()) {
    for (const auto& [verb, operation] : verbs.items()) {
      EXPECT_TRUE(ids.insert(operation["operationId"].get<std::string>()).second);
      EXPECT_FALSE(operation["summary"].get<std::string>().empty());
      EXPECT_FALSE(operation["responses"].empty());
      for (const auto& [status, response] : operation["responses"].items()) {
        EXPECT_EQ(status.size(), 3u);
        EXPECT_TRUE(response["description"].is_string()) << path << verb << status;
      }
    }
  }
}

TEST_F(OpenApiTest, PathParametersAreDeclaredOnceAndRequired) {
  const auto& parameters = document["paths"]["/api/v1/things/{id}/parts/{part}"]["delete"]["parameters"];
  std::set<std::string> names;
  for (const auto& parameter : parameters) {
    EXPECT_EQ(parameter["in"], "path");
    EXPECT_EQ(parameter["required"], true);
    names.insert(parameter["name"].get<std::string>());
  }
  EXPECT_EQ(parameters.size(), 2u);
  EXPECT_EQ(names, (std::set<std::string>{"id", "part"}));
}

TEST_F(OpenApiTest, SaysWhatComesAndWhatMayGoWrong) {
  const auto& post = document["paths"]["/api/v1/things"]["post"];
  EXPECT_TRUE(post["requestBody"]["content"].contains("application/json"));
  for (const auto* status : {"201", "400", "401", "403", "409", "413", "415", "422"}) {
    EXPECT_TRUE(post["responses"].contains(status)) << status;
  }
  const auto& files = document["paths"]["/api/v1/files"]["post"];
  EXPECT_TRUE(files["requestBody"]["content"].contains("multipart/form-data"));
}

TEST_F(OpenApiTest, ReferencesLeadSomewhere) {
  check_references(document);
}

}  // namespace
}  // namespace patchbay::web
