#pragma once

#include <string>

#include "using.hpp"

namespace telegram {

// The kinds of update that translate() turns into events, as `allowed_updates` of setWebhook and getUpdates.
Json allowed_updates();

// One Update of the Bot API as the events of sdk/docs/verbs.md: an array, in order. Pure: no clock, no I/O;
// any thread. Never throws on foreign data: members of the wrong type count as absent, an update of a kind
// that is not ours gives no events. `received_at` (RFC 3339) is the time of what carries none (presses of
// buttons).
//
// Keys, unique per bot for ever, so that what comes twice (webhook and polling, repeated delivery) is one
// event:
//   message:<chat>:<message>                         a message or a post
//   edit:<chat>:<message>:<edit time>:<update>       each edit is an event of its own
//   press:<query>                                    each wants to be acknowledged; what a client's app
//                                                    repeats has the same `id` and is one message
//   member:<chat>:<update>                           the bot was blocked, added, removed
//   moved:<old chat>:<new chat>                      told in both chats, one event
Json translate(const Json& update, const std::string& received_at);

}  // namespace telegram
