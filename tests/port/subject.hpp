#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/task_scope.hpp"
#include "port/support.hpp"

namespace patchbay::test {

using nlohmann::json;

// One plugin library in one of the two modes.
class Subject {
 public:
  Subject(std::string name_, std::string id_, bool remote_)
      : name(std::move(name_)), id(std::move(id_)), remote(remote_) {}
  std::string name;  // folder of the library
  std::string id;    // as its manifest says
  bool remote;
};

inline std::string subject_name(const testing::TestParamInfo<Subject>& info) {
  return info.param.name + (info.param.remote ? "_in_a_worker" : "_in_the_host");
}

inline std::filesystem::path library_of(const Subject& subject) {
  auto library = plugin_library(subject.name);
  return library.replace_filename(subject.id + ".so");
}

// Opens the library in the mode of the subject.
std::shared_ptr<port::Port> open_port(Machine& machine, const Subject& subject, port::Journal journal = {});
// A worker that keeps the rights of the test.
std::shared_ptr<port::Port> open_without_sandbox(Machine& machine, const Subject& subject);

// A port with one instance, closed in the end.
class Bench {
 public:
  explicit Bench(const Subject& subject, port::Journal journal = {});
  ~Bench();

  // Calls and waits for the answer.
  port::Result call(const std::string& method, const json& body = json::object(),
                    std::vector<std::string> blobs = {}, Duration timeout = Duration{0});
  // Makes `misbehave` do something.
  port::Result act(const std::string& name, json body = json::object(), std::vector<std::string> blobs = {});
  // The same without waiting. Calls begun one after another reach the plugin in that order.
  std::future<port::Result> begin_act(const std::string& name, json body = json::object(),
                                      Duration timeout = Duration{0});
  // As the lifecycle ends: stop, then destroy.
  void close();
  void destroy();

  Machine machine;
  std::shared_ptr<FakeHost> host = std::make_shared<FakeHost>();
  std::shared_ptr<port::Port> port;
  std::shared_ptr<port::Instance> instance;
};

inline json body_of(const port::Result& result) {
  return json::parse(result.message.json, nullptr, false);
}

}  // namespace patchbay::test
