#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "patchbay/types.hpp"

// Requests and replies of pb.setup/1 (docs/verbs.md).
namespace patchbay {

class Choice {
 public:
  Choice(Json value_, std::string title_) : value(std::move(value_)), title(std::move(title_)) {}
  Json value;
  std::string title;
};

// Request of step: what was filled in for the step that the plugin named last.
class StepRequest {
 public:
  explicit StepRequest(const Json& request)
      : step(string_at(request, "step")),
        input(request.value("input", Json::object())),
        settings(request.value("settings", Json::object())),
        state(request.value("state", Json())) {}
  std::string step;  // empty: the first one is wanted
  Json input;        // by the step's schema, without secrets
  Json settings;     // of the draft
  Json state;        // what the last reply left, or null
};

// One integration that a finished set-up makes.
class NewIntegration {
 public:
  // `identity_`: as check() will answer it; what is connected already is not made again.
  NewIntegration(std::string name_, std::string identity_, Json settings_)
      : name(std::move(name_)), identity(std::move(identity_)), settings(std::move(settings_)) {}
  std::string name;
  std::string identity;
  Json settings;
  std::map<std::string, std::string> secrets;
};

// Reply of step: what comes next, or that all is known.
class StepReply {
 public:
  StepReply(std::string id_, std::string title_) : id(std::move(id_)), title(std::move(title_)) {}
  explicit StepReply(std::vector<NewIntegration> done_) : done(std::move(done_)) {
    if (done.empty()) throw Error(PB_INVALID, "There is nothing to set up");
  }

  Json to_json() const {
    Json out = Json::object();
    if (done.empty()) {
      Json next = {{"id", id}, {"title", title}, {"description", description}};
      if (!schema.is_null()) next["schema"] = schema;
      if (!sign_in.empty()) next["sign_in"] = sign_in;
      out["next"] = std::move(next);
      out["state"] = state;
      return out;
    }
    out["done"] = Json::array();
    for (const NewIntegration& each : done) {
      Json one = {{"name", each.name}, {"identity", each.identity}, {"secrets", each.secrets}};
      one["settings"] = each.settings;
      out["done"].push_back(std::move(one));
    }
    return out;
  }

  std::string id;
  std::string title;
  std::string description;
  Json schema;          // a form, or null: there is nothing to fill in
  std::string sign_in;  // a grant of the manifest that somebody signs in for first
  Json state;           // comes back with the next request
  std::vector<NewIntegration> done;
};

}  // namespace patchbay
