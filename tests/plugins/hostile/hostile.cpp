// Tries to get out of its worker (HOST-6), one way a call: {"attempt": name, "file": a file that is none of
// its business}. Answers {"errno": 0} when it got through. {"attempt": "list"} names all.
#include <patchbay/message.hpp>

#include "attempts.hpp"

namespace {

using patchbay::Json;
using patchbay::text;
using patchbay::view;

class Hostile {
 public:
  explicit Hostile(const pb_host* host) : host_(host) {
    table_.struct_size = sizeof table_;
    table_.self = this;
    table_.deliver = [](void* self, const pb_call* call) { static_cast<Hostile*>(self)->deliver(*call); };
    table_.destroy = [](void* self) { delete static_cast<Hostile*>(self); };
  }

  pb_plugin* table() { return &table_; }

 private:
  void deliver(const pb_call& lent) {
    const auto message = patchbay::Message::copy(lent.msg);
    Json answer = Json::object();
    if (message.json.is_object() && message.json.contains("attempt")) {
      const std::string name = message.json.at("attempt");
      const auto& all = hostile::attempts();
      if (name == "list") {
        for (const auto& each : all) answer["attempts"].push_back(each.first);
      } else {
        answer["errno"] = all.at(name)(message.json.value("file", "/etc/passwd"));
      }
    }
    const patchbay::Packed packed(answer, {});
    pb_result result = {};
    result.struct_size = sizeof result;
    result.msg = packed.message();
    host_->finish(host_->ctx, lent.id, &result);
  }

  const pb_host* host_;
  pb_plugin table_ = {};
};

pb_plugin* create(const pb_host* host, const char*) {
  return (new Hostile(host))->table();
}

constexpr char kAbout[] = "{\"id\":\"hostile\",\"version\":\"0.1.0\",\"sdk\":\"0.0\"}";
constexpr pb_entry kEntry = {
    sizeof kEntry, PB_ABI_MAJOR, PB_ABI_MINOR, 0, "C++, no layer", {kAbout, sizeof kAbout - 1}, create};

}  // namespace

extern "C" PB_EXPORT const pb_entry* patchbay_plugin_v0(void) {
  return &kEntry;
}
