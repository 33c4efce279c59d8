#pragma once

#include <string>
#include <vector>

#include "domain/chat/impl/context.hpp"
#include "domain/chat/impl/message_table.hpp"
#include "domain/chat/model.hpp"
#include "outbox/effects.hpp"

namespace patchbay::domain::chat {

// One receipt, or deletion, that names a message of the provider.
class Notice {
 public:
  Notice(std::string w, std::optional<std::string> r, std::int64_t a)
      : what(std::move(w)), reason(std::move(r)), at(a) {}
  std::string what;  // "deleted", or the name of a delivery state
  std::optional<std::string> reason;
  std::int64_t at;
};

// Delivery states: what the outbox and receipts say about the parts of a message makes one state of the
// message. States only rise. Notices for messages that are not known yet wait a day for them (CHAT-13). Calls
// about messages of one chat meet in different transactions, so the caller of sent() and refresh() holds it
// (ChatTable::hold); take() does so itself.
class DeliveryTable {
 public:
  explicit DeliveryTable(Context& context) : context_(context), session_(context.session) {}

  // Until the transaction ends nobody else takes notices of this conversation, as it is called now, or says
  // what became of its messages. After its chats.
  void hold(Id integration, const std::string& conversation);
  // Applies the notice, or lets it wait.
  void take(const ProviderName& name, const Notice& notice);
  // The notice for all that was sent in the conversation until `up_to` (milliseconds); also for what is on
  // its way meanwhile and turns out to have been sent before that (CHAT-13). `conversation` names no message.
  void take_up_to(const ProviderName& conversation, std::int64_t up_to, const Notice& notice);
  // The message of this name has come: what waited for it is applied.
  void settle_waiting(const ProviderName& name);
  // Whether a bot has the conversation, of which the provider says who had it at a time: what was said of a
  // later time is known for a day, in whatever order it comes (CHAT-13). `conversation` names no message.
  bool bot_has(const ProviderName& conversation, bool by_bot, std::int64_t at);
  // Reads ahead what it will look for.
  void read_waiting(const std::vector<ProviderName>& names);

  // The provider has accepted parts of an outgoing message under these names.
  void sent(const ProviderName& conversation, Id message, const std::vector<std::string>& provider_ids,
            std::optional<std::int64_t> sent_at);
  // Writes the state that follows from all parts.
  void refresh(Id message);

 private:
  void hold_for_notice(const ProviderName& name);
  void settle_waiting(const ProviderName& name, const std::string& told_under);
  void settle_waiting_elsewhere(const ProviderName& name);
  void settle_up_to(const ProviderName& name, std::int64_t at);
  void apply(const ProviderName& name, const Known& known, const Notice& notice);
  void raise(const ProviderName& name, const Known& known, Delivery state, const Notice& notice);

  Context& context_;
  store::Session& session_;
};

// The state of a message of which `parts` are still in the outbox and the provider's receipts say `receipts`.
// Pure.
struct Standing {
  Delivery state = Delivery::queued;
  std::string reason;
};
Standing standing_of(const std::vector<outbox::PartState>& parts, const std::vector<Delivery>& receipts);

}  // namespace patchbay::domain::chat
