/* The smallest plugin, in C11 and nothing but patchbay/abi.h: takes part in the lifecycle and "sends"
 * messages. */
#include <patchbay/abi.h>
#include <stdlib.h>
#include <string.h>

typedef struct plain {
  pb_plugin table;
  const pb_host* host;
} plain;

static pb_view view(const char* text) {
  pb_view lent = {text, strlen(text)};
  return lent;
}

static int is(pb_view method, const char* name) {
  return method.size == strlen(name) && memcmp(method.data, name, method.size) == 0;
}

static const char* reply_to(pb_view method) {
  if (is(method, "pb.channel/1:send"))
    return "{\"provider_ids\":[\"c-1\"],\"sent_at\":\"2026-01-01T00:00:00Z\"}";
  if (is(method, "pb.webhook/1:process")) return "{\"events\":[]}";
  if (is(method, "pb.lifecycle/1:check"))
    return "{\"identity\":\"plain:1\",\"title\":\"Plain C\",\"diagnostics\":[]}";
  if (is(method, "pb.lifecycle/1:health")) return "{\"status\":\"ok\"}";
  if (is(method, "pb.lifecycle/1:configure") || is(method, "pb.lifecycle/1:start") ||
      is(method, "pb.lifecycle/1:drain") || is(method, "pb.lifecycle/1:stop"))
    return "{}";
  return NULL;
}

static void deliver(void* self, const pb_call* call) {
  plain* instance = self;
  const char* reply = reply_to(call->method);
  pb_message message = {sizeof message, PB_JSON, {NULL, 0}, NULL, 0};
  pb_result result = {sizeof result, PB_UNSUPPORTED, 0, 0, {NULL, 0}, NULL};
  if (reply) {
    message.body = view(reply);
    result.code = PB_OK;
    result.msg = &message;
  } else {
    result.text = view("This plugin does not know the method");
  }
  instance->host->finish(instance->host->ctx, call->id, &result);
}

static void destroy(void* self) {
  free(self);
}

static pb_plugin* create(const pb_host* host, const char* plugin_id) {
  plain* instance = NULL;
  (void)plugin_id;
  if (PB_HAS(host, pb_host, finish)) instance = calloc(1, sizeof *instance);
  if (!instance) return NULL;
  instance->host = host;
  instance->table.struct_size = sizeof instance->table;
  instance->table.self = instance;
  instance->table.deliver = deliver;
  instance->table.destroy = destroy;
  return &instance->table;
}

static const char about[] = "{\"id\":\"plain-c\",\"version\":\"0.1.0\",\"sdk\":\"0.0\"}";
static const pb_entry entry = {
    sizeof entry, PB_ABI_MAJOR, PB_ABI_MINOR, 0, "C11, " __VERSION__, {about, sizeof about - 1}, create};

const pb_entry* patchbay_plugin_v0(void) {
  return &entry;
}
