#include "app/impl/highest_id.hpp"

#include <algorithm>
#include <string>

namespace patchbay::app {

namespace {

// Whose ids are of IdMint.
constexpr const char* kTables[] = {
    "integrations",
    "inbox",
    "chats",
    "chat_clients",
    "messages",
    "message_attachments",
    "message_edits",
    "message_waiting",
    "outbox",
    "blobs",
    "tokens",
    "audit",
    "jobs",
    "job_runs",
    "profiles",
    "grants",
    "sign_ins",
    "health_history",
    "journal",
    "users",
    "roles",
    "queues",
    "chat_history",
    "quick_replies",
    "chat_greetings",
    "sessions",
    "records",
    "record_history",
    "process_runs",
    "chat_actions",
    "record_fields",
    "processes",
    "subscriptions",
    "subscription_deliveries",
    "outgoing_events",
    "notifications",
};

}  // namespace

Id highest_id(store::Store& store) {
  return store.read_now([](store::Session& session) {
    Id highest = 0;
    for (const auto* table : kTables) {
      const auto row = session.query_one("select cast(max(id) as bigint) from " + std::string(table));
      if (row) highest = std::max(highest, row->maybe_integer(0).value_or(0));
    }
    return highest;
  });
}

}  // namespace patchbay::app
