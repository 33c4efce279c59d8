/* Small plugins that are wrong, or unusual, in one way each: ODD_<WAY>. Answers every call with {"way":
 * "..."}. */
#include <patchbay/abi.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ODD_ID
#define ODD_ID "odd"
#endif

typedef struct odd {
  pb_plugin table;
  uint64_t future[4]; /* fields of a later contract: in LONG_TABLE they belong to the table */
  const pb_host* host;
} odd;

#ifdef ODD_MISSING_SYMBOL
extern int frobnicate_the_widget(int);
#endif

#ifdef ODD_CRASH_ON_LOAD
__attribute__((constructor)) static void on_load(void) {
  abort();
}
#endif
#ifdef ODD_HANG_ON_LOAD
__attribute__((constructor)) static void on_load(void) {
  for (;;) pause();
}
#endif
#ifdef ODD_EXPORTS_MORE
PB_EXPORT int json_parse(void) {
  return 1;
}
#endif

static void deliver(void* self, const pb_call* call) {
  odd* instance = self;
  static const char reply[] = "{\"way\":\"answered\"}";
  pb_message message = {sizeof message, PB_JSON, {reply, sizeof reply - 1}, NULL, 0};
  pb_result result = {sizeof result, PB_OK, 0, 0, {NULL, 0}, &message};
#ifdef ODD_MISSING_SYMBOL
  result.code = frobnicate_the_widget(1);
#endif
  instance->host->finish(instance->host->ctx, call->id, &result);
}

static void destroy(void* self) {
  free(self);
}

#ifdef ODD_CALLS_IN_CREATE
static void never(void* user, const pb_result* result) {
  (void)user;
  (void)result;
  abort();
}
static void never_posted(void* user) {
  (void)user;
  abort();
}
#endif

static pb_plugin* create(const pb_host* host, const char* plugin_id) {
#ifdef ODD_SHORT_TABLE
  static odd unfit; /* the host cannot give it back */
  odd* instance = &unfit;
#else
  odd* instance = calloc(1, sizeof *instance);
#endif
  (void)plugin_id;
#ifdef ODD_CREATE_FAILS
  free(instance);
  return NULL;
#endif
  instance->host = host;
  instance->table.struct_size = sizeof instance->table;
  instance->table.self = instance;
  instance->table.deliver = deliver;
  instance->table.destroy = destroy;
#ifdef ODD_LONG_TABLE
  memset(instance->future, 0xff, sizeof instance->future);
  instance->table.struct_size = offsetof(odd, host);
#endif
#ifdef ODD_SHORT_TABLE
  /* A table that ends before what the host must have. */
  instance->table.struct_size = offsetof(pb_plugin, destroy);
#endif
#ifdef ODD_CALLS_IN_CREATE
  pb_message message = {sizeof message, PB_JSON, {"{}", 2}, NULL, 0};
  pb_call request = {sizeof request, 0, 0, {"pb.state/1:get", 14}, {NULL, 0}, 0, &message};
  uint64_t id = 0;
  if (host->call(host->ctx, &request, never, NULL, &id) == PB_OK) abort();
  if (host->post(host->ctx, never_posted, NULL) == PB_OK) abort();
#endif
  return &instance->table;
}

#ifdef ODD_OTHER_SDK
static const char about[] = "{\"id\":\"odd\",\"version\":\"0.1.0\",\"sdk\":\"9.9\"}";
#elif defined ODD_OTHER_DESCRIPTOR
static const char about[] = "{\"id\":\"odd\",\"version\":\"9.9.9\",\"sdk\":\"0.0\"}";
#elif defined(ODD_BROKEN_DESCRIPTOR)
static const char about[] = "{\"id\":";
#else
static const char about[] = "{\"id\":\"odd\",\"version\":\"0.1.0\",\"sdk\":\"0.0\"}";
#endif
#ifdef ODD_WRONG_ABI
#define ODD_MAJOR 7
#else
#define ODD_MAJOR PB_ABI_MAJOR
#endif

/* An entry of a later contract: longer than this host knows. */
static const struct {
  pb_entry known;
  uint64_t future[4];
} entry = {{sizeof entry, ODD_MAJOR, PB_ABI_MINOR, 0, "C11", {about, sizeof about - 1}, create},
           {1, 2, 3, 4}};

#ifdef ODD_NO_ENTRY
PB_EXPORT const pb_entry* another_name(void) {
  return &entry.known;
}
#else
const pb_entry* patchbay_plugin_v0(void) {
  return &entry.known;
}
#endif
