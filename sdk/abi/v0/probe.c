/* Names every type of the contract, so that a tool which compares libraries (abidw, abidiff) sees all of
 * them. */
#include <patchbay/abi.h>

PB_EXPORT void patchbay_abi_probe(const pb_entry* entry, const pb_host* host, const pb_plugin* plugin,
                                  const pb_call* call, const pb_result* result, const pb_message* message,
                                  pb_view view, const pb_clock* clock, const pb_metrics* metrics,
                                  const pb_net* net, const pb_net_target* target, pb_reply_fn reply);

void patchbay_abi_probe(const pb_entry* entry, const pb_host* host, const pb_plugin* plugin,
                        const pb_call* call, const pb_result* result, const pb_message* message, pb_view view,
                        const pb_clock* clock, const pb_metrics* metrics, const pb_net* net,
                        const pb_net_target* target, pb_reply_fn reply) {
  (void)entry, (void)host, (void)plugin, (void)call, (void)result, (void)message, (void)view, (void)clock;
  (void)metrics, (void)net, (void)target, (void)reply;
}
