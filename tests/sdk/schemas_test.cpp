#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "schema/schema.hpp"

namespace patchbay {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const fs::path kSource = PB_SOURCE_FOLDER;

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << file;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

// A named schema that stands on its own: that of a verb gets its file's definitions (schemas/abi/README.md).
class Named {
 public:
  Named(std::string name_, json document_) : name(std::move(name_)), document(std::move(document_)) {}
  std::string name;
  json document;
};

std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".json") out.push_back(entry.path());
  return out;
}

std::vector<Named> verb_schemas() {
  std::vector<Named> out;
  for (const auto& file : files_of(kSource / "schemas/abi")) {
    const json document = json::parse(read(file));
    if (!document.contains("verbs")) continue;
    const std::string title = document.at("title").get<std::string>();
    for (const auto& [verb, sides] : document.at("verbs").items()) {
      for (const char* side : {"request", "reply"}) {
        json schema = sides.at(side);
        if (document.contains("definitions")) schema["definitions"] = document["definitions"];
        out.emplace_back(title + ":" + verb + " " + side, std::move(schema));
      }
    }
  }
  return out;
}

std::vector<Named> all_schemas() {
  std::vector<Named> out = verb_schemas();
  out.emplace_back("failure", json::parse(read(kSource / "schemas/abi/failure.json")));
  for (const auto& file : files_of(kSource / "schemas/events"))
    out.emplace_back(file.stem().string(), json::parse(read(file)));
  return out;
}

std::string first_finding(const schema::Schema& schema, const json& value) {
  const auto findings = schema.check(value);
  return findings.empty() ? "" : findings.front().path + ": " + findings.front().summary.english();
}

TEST(Schemas, TheirExamplesAreValid) {
  for (const Named& each : all_schemas()) {
    const auto schema = schema::Schema::compile(each.document, each.name);
    ASSERT_FALSE(each.document["examples"].empty()) << each.name;
    for (const json& example : each.document["examples"])
      EXPECT_EQ(first_finding(schema, example), "") << each.name << " " << example;
  }
}

TEST(Schemas, AnExampleWithoutARequiredFieldOrOfAnotherTypeIsRefused) {
  for (const Named& each : all_schemas()) {
    const auto schema = schema::Schema::compile(each.document, each.name);
    EXPECT_NE(first_finding(schema, json::array()), "") << each.name;
    for (const json& key : each.document.value("required", json::array())) {
      json broken = each.document["examples"][0];
      broken.erase(key.get<std::string>());
      EXPECT_NE(first_finding(schema, broken), "") << each.name << " without " << key;
    }
  }
}

TEST(Schemas, UnknownFieldsAreIgnored) {
  for (const Named& each : all_schemas()) {
    json later = each.document["examples"][0];
    later["field_of_the_future"] = 1;
    EXPECT_EQ(first_finding(schema::Schema::compile(each.document, each.name), later), "") << each.name;
  }
}

std::set<std::string> methods_in(const fs::path& file) {
  const std::string text = read(file);
  const std::regex method("\"(pb\\.[a-z]+/[0-9]+:[a-z]+)\"");
  std::set<std::string> out;
  for (std::sregex_iterator at(text.begin(), text.end(), method), end; at != end; ++at) out.insert((*at)[1]);
  return out;
}

TEST(Schemas, EveryVerbOfTheLayerHasOneAndTheReverse) {
  std::set<std::string> described;
  for (const Named& each : verb_schemas()) described.insert(each.name.substr(0, each.name.find(' ')));
  std::set<std::string> used;
  for (const char* header : {"host.hpp", "http.hpp", "net.hpp", "seam.hpp", "sync.hpp", "verbs.hpp"})
    used.merge(methods_in(kSource / "sdk/include/patchbay" / header));
  EXPECT_EQ(used, described);
}

TEST(Schemas, EveryVerbAndEventIsDocumented) {
  const std::string verbs = read(kSource / "sdk/docs/verbs.md");
  for (const Named& each : verb_schemas()) {
    const auto colon = each.name.find(':');
    const std::string verb = each.name.substr(colon + 1, each.name.find(' ') - colon - 1);
    EXPECT_NE(verbs.find("`" + verb + "`"), std::string::npos) << each.name;
    EXPECT_NE(verbs.find(each.name.substr(0, colon)), std::string::npos) << each.name;
  }
  for (const auto& file : files_of(kSource / "schemas/events"))
    EXPECT_NE(verbs.find("| `" + file.stem().string() + "` |"), std::string::npos) << file;
}

// What the channels of this tree make of their providers' documented cases.
TEST(Schemas, EventsOfEveryPluginsCasesFitThem) {
  std::map<std::string, schema::Schema> schemas;
  for (const auto& file : files_of(kSource / "schemas/events"))
    schemas.emplace(file.stem().string(),
                    schema::Schema::compile(json::parse(read(file)), file.stem().string()));
  for (const auto& plugin : fs::directory_iterator(kSource / "plugins")) {
    const fs::path cases = plugin.path() / "tests/cases";
    if (!fs::is_directory(cases)) continue;
    for (const auto& file : files_of(cases)) {
      const json document = json::parse(read(file));
      for (const json& event : document.value("events", json::array())) {
        const std::string type = event.at("type").get<std::string>();
        EXPECT_EQ(first_finding(schemas.at(type), event.at("data")), "") << file;
      }
    }
  }
}

}  // namespace
}  // namespace patchbay
