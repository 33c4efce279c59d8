#include "plugin/impl/services/reading.hpp"

#include "base/error.hpp"
#include "port/limits.hpp"

namespace patchbay::plugin {

using nlohmann::json;

json request_of(const port::Call& call) {
  if (call.message.json.empty()) return json::object();
  if (port::is_too_deep(call.message.json))
    throw Error(Code::invalid, Text("plugin.too_deep", {{"method", call.method}}));
  auto request = json::parse(call.message.json, nullptr, false);
  if (!request.is_object()) throw Error(Code::invalid, Text("plugin.bad_request", {{"method", call.method}}));
  return request;
}

void bad_field(const std::string& name) {
  throw Error(Code::invalid, Text("plugin.bad_field", {{"field", name}}));
}

std::string text_field(const json& request, const char* name) {
  const auto field = request.find(name);
  if (field == request.end() || !field->is_string()) bad_field(name);
  return field->get<std::string>();
}

std::int64_t number_field(const json& request, const char* name) {
  const auto field = request.find(name);
  if (field == request.end() || !field->is_number_integer()) bad_field(name);
  return field->get<std::int64_t>();
}

Id id_field(const json& request, const char* name) {
  const auto id = parse_id(text_field(request, name));
  if (!id) bad_field(name);
  return *id;
}

port::Result reply_of(const json& reply, std::vector<std::string> blobs) {
  return port::Result(
      port::Message(reply.dump(-1, ' ', false, json::error_handler_t::replace), std::move(blobs)));
}

}  // namespace patchbay::plugin
