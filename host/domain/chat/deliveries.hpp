#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "outbox/effects.hpp"

namespace patchbay::domain::chat {

// What the outbox does to chats: the state of a message follows its parts, a provider that refuses marks the
// chat as not reachable until the client writes again, a conversation that got another id keeps its chat.
class Deliveries final : public outbox::Effects {
 public:
  using SignedOut = std::function<void(Id integration, const port::Result& result)>;

  // `clock` and `ids` outlive it. `signed_out` turns the integration to sign_in_again; it must not block.
  Deliveries(const Clock& clock, IdMint& ids, SignedOut signed_out)
      : clock_(clock), ids_(ids), signed_out_(std::move(signed_out)) {}

  // The item's payload, with the conversation and the message replied to as the provider calls them now.
  std::optional<std::string> request(store::Session& session, const outbox::Item& item) override;
  std::string conversation(store::Session& session, const outbox::Item& item) override;
  void apply(store::Session& session, const outbox::Item& item, const outbox::Outcome& outcome) override;
  void signed_out(Id integration, const port::Result& result) override;

 private:
  const Clock& clock_;
  IdMint& ids_;
  const SignedOut signed_out_;
};

}  // namespace patchbay::domain::chat
