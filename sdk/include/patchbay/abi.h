/* patchbay/abi.h - the whole binary contract between the host and a plugin.
 *
 * C11, no dependencies, 64-bit Linux. A draft while PB_ABI_MAJOR is 0; frozen once it is 1: fields are then
 * only ever appended, and a new ability is a new extension id, not a new function here.
 *
 * Reading rules
 *   [any-thread]  may be called from any thread, at the same time as anything else.
 *   [strand]      the host runs these one after another for one instance, on changing OS threads.
 *   Borrowed      every pointer and view handed over is valid only until that call returns.
 *   No frees      nothing allocated on one side is ever released by the other.
 *   No unwinding  no function here may throw, longjmp, or end the thread.
 *   Text          UTF-8, length-delimited, not NUL-terminated unless typed const char *.
 */
#ifndef PATCHBAY_ABI_H
#define PATCHBAY_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_EXPORT __attribute__((visibility("default")))
#define PB_ABI_MAJOR 0u /* a draft until the freeze */
#define PB_ABI_MINOR 0u
#define PB_ENTRY_SYMBOL "patchbay_plugin_v0"

typedef struct pb_view {
  const void* data;
  uint64_t size;
} pb_view;

/* Result codes. Numbers never change meaning; a reader treats an unknown one as PB_INTERNAL. */
typedef int32_t pb_code;
enum {
  PB_OK = 0,
  PB_INVALID = 1,         /* the caller's data is wrong; a retry will not help */
  PB_UNAUTHENTICATED = 2, /* credentials missing, expired or revoked */
  PB_DENIED = 3,          /* authenticated, but not allowed */
  PB_NOT_FOUND = 4,
  PB_CONFLICT = 5,     /* already exists, or changed underneath */
  PB_RATE_LIMITED = 6, /* see retry_after_ms */
  PB_UNAVAILABLE = 7,  /* the other side is down; nothing happened */
  PB_DEADLINE = 8,     /* ran out of time; nothing happened */
  PB_CANCELLED = 9,
  PB_UNSUPPORTED = 10,     /* unknown method, or a field this side cannot honour */
  PB_OUTCOME_UNKNOWN = 11, /* it may have happened: reconcile before retrying */
  PB_INTERNAL = 12
};

enum { PB_JSON = 1, PB_CBOR = 2 };
enum { PB_TRACE = 0, PB_DEBUG = 1, PB_INFO = 2, PB_WARN = 3, PB_ERROR = 4 };

/* A document plus raw attachments. Attachments keep bytes exact (webhook bodies, mail parts). */
typedef struct pb_message {
  uint32_t struct_size;
  uint32_t encoding; /* PB_JSON is always understood; others only when negotiated */
  pb_view body;
  const pb_view* blobs;
  uint64_t blob_count;
} pb_message;

typedef struct pb_call {
  uint32_t struct_size;
  uint32_t flags;        /* zero */
  uint64_t id;           /* minted by the host, never reused; 0 in calls the plugin makes */
  pb_view method;        /* "<extension id>:<verb>", e.g. "pb.channel/1:send" */
  pb_view trace;         /* W3C traceparent, or empty; a plugin hands it on in the calls it makes meanwhile */
  int64_t timeout_ms;    /* left from now, on the receiver's monotonic clock; 0: none */
  const pb_message* msg; /* never null */
} pb_call;

typedef struct pb_result {
  uint32_t struct_size;
  pb_code code;
  uint32_t retry_after_ms; /* advice, for RATE_LIMITED and UNAVAILABLE */
  uint32_t flags;          /* zero */
  pb_view text;            /* one line of English for a person; no secrets */
  const pb_message* msg;   /* null when there is nothing to say */
} pb_result;

typedef void (*pb_reply_fn)(void* user, const pb_result* result);

/* Host side. Alive from create() until destroy() has returned. */
typedef struct pb_host {
  uint32_t struct_size;
  uint32_t abi_minor;
  void* ctx;

  /* Typed fast path by id ("pb.metrics/1"), or null. Same answer for the whole process life. [any-thread] */
  const void* (*get_extension)(void* ctx, const char* id);

  /* Ask the host for something. Copies what it needs before returning. If it returns PB_OK the
   * reply runs exactly once, later, on the strand - never from inside this call. [any-thread] */
  pb_code (*call)(void* ctx, const pb_call* call, pb_reply_fn reply, void* user, uint64_t* out_id);

  /* Advice: the reply still comes, usually PB_CANCELLED. [any-thread] */
  void (*cancel)(void* ctx, uint64_t id);

  /* Answer a delivered call. The first answer counts; later ones are ignored. [any-thread] */
  void (*finish)(void* ctx, uint64_t id, const pb_result* result);

  /* Nonzero once the delivered call is cancelled, timed out or answered. [any-thread] */
  int32_t (*is_cancelled)(void* ctx, uint64_t id);

  /* Run fn(user) on the strand, once. Returns PB_CANCELLED (and will not run it) while stopping. [any-thread]
   */
  pb_code (*post)(void* ctx, void (*fn)(void* user), void* user);

  /* Never blocks; may drop under load (the host counts drops). fields: JSON object or empty. [any-thread] */
  void (*log)(void* ctx, int32_t level, pb_view text, pb_view fields);
} pb_host;

/* Plugin side: one instance, i.e. one configured integration. */
typedef struct pb_plugin {
  uint32_t struct_size;
  uint32_t reserved;
  void* self;

  /* Every request arrives here, lifecycle included. Return soon; answer with host->finish. [strand] */
  void (*deliver)(void* self, const pb_call* call);

  /* Optional. The host lost interest; set a flag and return. [any-thread] */
  void (*cancelled)(void* self, uint64_t id);

  /* Optional typed extensions offered to the host. [any-thread] */
  const void* (*get_extension)(void* self, const char* id);

  /* Last call. All own threads are joined by now; the host is not called any more. [strand] */
  void (*destroy)(void* self);
} pb_plugin;

/* What the library is. Immutable, valid for the life of the process. */
typedef struct pb_entry {
  uint32_t struct_size;
  uint32_t abi_major;
  uint32_t abi_minor;
  uint32_t reserved;
  const char* built_with; /* SDK and compiler, for bug reports */
  pb_view descriptor;     /* JSON: id, version, sdk; must equal plugin.json */

  /* Make an instance. Must not call the host yet. Returns null on failure. [any-thread] */
  pb_plugin* (*create)(const pb_host* host, const char* plugin_id);
} pb_entry;

/* The only exported symbol. Cheap, idempotent, no I/O, no threads. */
PB_EXPORT const pb_entry* patchbay_plugin_v0(void);

/* --- Typed extensions of the host, from get_extension. Local to the process in both modes, so they cost no
 * round trip. `ctx` is that of the pb_host which was asked; get_extension is not called inside create(). */

#define PB_EXT_CLOCK "pb.clock/1"

/* The only source of time for a plugin: tests and the conformance kit drive it. */
typedef struct pb_clock {
  uint32_t struct_size;
  uint32_t reserved;
  /* Milliseconds since 1970, UTC. [any-thread] */
  int64_t (*now_unix_ms)(void* ctx);
  /* Never steps back. [any-thread] */
  int64_t (*monotonic_ns)(void* ctx);
  /* Runs fn(user) on the strand once, after delay_ms. Returns the timer's id, or 0 while stopping. Like every
   * accepted callback it runs exactly once: also early, with the instance stopping, or when cancelled.
   * [any-thread] */
  uint64_t (*after)(void* ctx, int64_t delay_ms, void (*fn)(void* user), void* user);
  /* Makes a pending timer run now; unknown ids are ignored. [any-thread] */
  void (*cancel)(void* ctx, uint64_t id);
} pb_clock;

#define PB_EXT_METRICS "pb.metrics/1"

enum { PB_COUNTER = 1, PB_GAUGE = 2, PB_HISTOGRAM = 3 };

/* Register before start is answered; names are prefixed by the host with patchbay_plugin_. */
typedef struct pb_metrics {
  uint32_t struct_size;
  uint32_t reserved;
  /* label_names: comma-separated, at most 4, or empty. Returns a handle, 0 if refused. [any-thread] */
  uint64_t (*define)(void* ctx, int32_t kind, pb_view name, pb_view help, pb_view label_names);
  /* label_values: one for each name, separated by U+001F. Counter: adds; gauge: sets; histogram: observes.
   * [any-thread] */
  void (*record)(void* ctx, uint64_t handle, double value, pb_view label_values);
} pb_metrics;

#define PB_EXT_NET "pb.net/1"

enum { PB_PLAIN = 0, PB_TLS = 1 };

/* Where to connect to. The manifest's "net" must allow it. */
typedef struct pb_net_target {
  uint32_t struct_size;
  uint32_t security; /* PB_PLAIN: none, or start_tls later; PB_TLS: from the first byte */
  pb_view host;      /* a name, which a certificate must be for, or a numeric address */
  uint32_t port;     /* 1 to 65535 */
  uint32_t reserved;
  int64_t timeout_ms;  /* until it is connected, TLS included; 0: 30 s */
  pb_view authorities; /* certificates in PEM, believed instead of the system's; or empty */
  pb_view trace;       /* as in pb_call */
} pb_net_target;

/* Connections, at most 256 of an instance. The host makes them, then they belong to the process of the
 * plugin. A function that returns PB_OK has its reply run exactly once, later, on the strand; failures are
 * those of pb_result. One read, and one write or start_tls, may wait at a time (PB_CONFLICT). timeout_ms 0:
 * no limit. */
typedef struct pb_net {
  uint32_t struct_size;
  uint32_t reserved;
  /* The number in out_stream names the connection from now on; never reused. [any-thread] */
  pb_code (*connect)(void* ctx, const pb_net_target* target, pb_reply_fn reply, void* user,
                     uint64_t* out_stream);
  /* TLS 1.2 or later from here on. PB_DENIED: the certificate. [any-thread] */
  pb_code (*start_tls)(void* ctx, uint64_t stream, int64_t timeout_ms, pb_reply_fn reply, void* user);
  /* What has arrived, as the only attachment: 1 to `most` bytes (0: 65536, which is the most), none at the
   * end. [any-thread] */
  pb_code (*read)(void* ctx, uint64_t stream, uint64_t most, int64_t timeout_ms, pb_reply_fn reply,
                  void* user);
  /* All of it, at most 1 MiB. PB_OUTCOME_UNKNOWN: it broke, a part may have arrived. [any-thread] */
  pb_code (*write)(void* ctx, uint64_t stream, pb_view bytes, int64_t timeout_ms, pb_reply_fn reply,
                   void* user);
  /* Ends what waits. A read that is cut off, also by time, has taken nothing; after a write or start_tls that
   * is, the connection can only be closed. [any-thread] */
  void (*cancel)(void* ctx, uint64_t stream);
  /* What waits ends with PB_CANCELLED. Unknown numbers are ignored, here and above. [any-thread] */
  void (*close)(void* ctx, uint64_t stream);
} pb_net;

/* Is field `f` present in a struct written by the other side? */
#define PB_HAS(p, type, f) \
  ((p) != NULL && (p)->struct_size >= offsetof(type, f) + sizeof(((type*)0)->f) && (p)->f)

#ifdef __cplusplus
}
#endif
#endif
