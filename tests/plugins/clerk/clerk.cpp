// For tests of pb.process/1 (REC-3).
#include <patchbay/seam.hpp>

#include <cstdlib>

using patchbay::Json;
using patchbay::Task;

class Clerk : public patchbay::Plugin {
 public:
  using Plugin::Plugin;

  Task<patchbay::CheckReply> check() override {
    const std::string desk = patchbay::string_at(settings(), "desk");
    co_return patchbay::CheckReply("desk:" + desk, "Desk " + desk);
  }

  Task<Json> run_process(Json request) override {
    const Json& parameters = request.at("parameters");
    const std::string mood = patchbay::string_at(parameters, "Mood");
    if (mood == "late" && request.at("attempt") == 1)
      throw patchbay::Error(PB_UNAVAILABLE, "The clerk is at lunch");
    if (mood == "faint") std::abort();
    if (mood == "strict") throw patchbay::Error(PB_INVALID, "The paper has no signature");
    Json out = {{"desk", patchbay::string_at(settings(), "desk")}};
    out["stamped"] = patchbay::string_at(parameters, "Paper");
    out["request"] = std::move(request);
    co_return out;
  }
};

PATCHBAY_PLUGIN(Clerk)
