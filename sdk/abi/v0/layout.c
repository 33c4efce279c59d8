/* Where the fields of the contract are. Compiled by every compiler we support: a moved, shrunk or retyped
 * field does not compile, an appended one does. While the major is 0 a change here needs a note in the
 * change's text; once the contract is frozen this file never changes. */
#include <patchbay/abi.h>

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field " moved")
#define AT_LEAST(type, size) _Static_assert(sizeof(type) >= (size), #type " shrank")
#define IS(type, field, is) \
  _Static_assert(_Generic(((type*)0)->field, is : 1, default : 0), #type "." #field " has another type")

_Static_assert(sizeof(pb_view) == 16, "pb_view is nested in other structs and can never grow");
AT(pb_view, data, 0);
AT(pb_view, size, 8);

AT_LEAST(pb_message, 40);
AT(pb_message, struct_size, 0);
AT(pb_message, encoding, 4);
AT(pb_message, body, 8);
AT(pb_message, blobs, 24);
AT(pb_message, blob_count, 32);

AT_LEAST(pb_call, 64);
AT(pb_call, struct_size, 0);
AT(pb_call, flags, 4);
AT(pb_call, id, 8);
AT(pb_call, method, 16);
AT(pb_call, trace, 32);
AT(pb_call, timeout_ms, 48);
AT(pb_call, msg, 56);
IS(pb_call, timeout_ms, int64_t);

AT_LEAST(pb_result, 40);
AT(pb_result, struct_size, 0);
AT(pb_result, code, 4);
AT(pb_result, retry_after_ms, 8);
AT(pb_result, flags, 12);
AT(pb_result, text, 16);
AT(pb_result, msg, 32);
IS(pb_result, code, int32_t);

AT_LEAST(pb_host, 72);
AT(pb_host, struct_size, 0);
AT(pb_host, abi_minor, 4);
AT(pb_host, ctx, 8);
AT(pb_host, get_extension, 16);
AT(pb_host, call, 24);
AT(pb_host, cancel, 32);
AT(pb_host, finish, 40);
AT(pb_host, is_cancelled, 48);
AT(pb_host, post, 56);
AT(pb_host, log, 64);
IS(pb_host, call, pb_code (*)(void*, const pb_call*, pb_reply_fn, void*, uint64_t*));
IS(pb_host, finish, void (*)(void*, uint64_t, const pb_result*));
IS(pb_host, post, pb_code (*)(void*, void (*)(void*), void*));

AT_LEAST(pb_plugin, 48);
AT(pb_plugin, struct_size, 0);
AT(pb_plugin, self, 8);
AT(pb_plugin, deliver, 16);
AT(pb_plugin, cancelled, 24);
AT(pb_plugin, get_extension, 32);
AT(pb_plugin, destroy, 40);
IS(pb_plugin, deliver, void (*)(void*, const pb_call*));
IS(pb_plugin, cancelled, void (*)(void*, uint64_t));

AT_LEAST(pb_entry, 48);
AT(pb_entry, struct_size, 0);
AT(pb_entry, abi_major, 4);
AT(pb_entry, abi_minor, 8);
AT(pb_entry, built_with, 16);
AT(pb_entry, descriptor, 24);
AT(pb_entry, create, 40);
IS(pb_entry, create, pb_plugin* (*)(const pb_host*, const char*));

AT_LEAST(pb_clock, 40);
AT(pb_clock, now_unix_ms, 8);
AT(pb_clock, monotonic_ns, 16);
AT(pb_clock, after, 24);
AT(pb_clock, cancel, 32);

AT_LEAST(pb_metrics, 24);
AT(pb_metrics, define, 8);
AT(pb_metrics, record, 16);

AT_LEAST(pb_net_target, 72);
AT(pb_net_target, struct_size, 0);
AT(pb_net_target, security, 4);
AT(pb_net_target, host, 8);
AT(pb_net_target, port, 24);
AT(pb_net_target, timeout_ms, 32);
AT(pb_net_target, authorities, 40);
AT(pb_net_target, trace, 56);

AT_LEAST(pb_net, 56);
AT(pb_net, connect, 8);
AT(pb_net, start_tls, 16);
AT(pb_net, read, 24);
AT(pb_net, write, 32);
AT(pb_net, cancel, 40);
AT(pb_net, close, 48);
IS(pb_net, connect, pb_code (*)(void*, const pb_net_target*, pb_reply_fn, void*, uint64_t*));
IS(pb_net, read, pb_code (*)(void*, uint64_t, uint64_t, int64_t, pb_reply_fn, void*));
IS(pb_net, write, pb_code (*)(void*, uint64_t, pb_view, int64_t, pb_reply_fn, void*));

_Static_assert(PB_PLAIN == 0 && PB_TLS == 1, "a security changed its number");
_Static_assert(PB_OK == 0 && PB_INVALID == 1 && PB_UNAUTHENTICATED == 2 && PB_DENIED == 3 &&
                   PB_NOT_FOUND == 4 && PB_CONFLICT == 5 && PB_RATE_LIMITED == 6 && PB_UNAVAILABLE == 7 &&
                   PB_DEADLINE == 8 && PB_CANCELLED == 9 && PB_UNSUPPORTED == 10 &&
                   PB_OUTCOME_UNKNOWN == 11 && PB_INTERNAL == 12,
               "a code changed its number");
_Static_assert(PB_JSON == 1 && PB_CBOR == 2 && PB_TRACE == 0 && PB_ERROR == 4 && PB_COUNTER == 1 &&
                   PB_HISTOGRAM == 3,
               "a kind or level changed its number");
