#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oauth/sign_ins.hpp"
#include "store/store.hpp"

namespace patchbay::oauth {

struct SignInRow {
  SignIn sign_in;
  std::string state_hash;  // empty: none
  std::string redirect_uri;
  Duration interval{0};
  std::int64_t created_at = 0;
};

// The table of sign-ins. Each function runs in the caller's transaction.
void insert_sign_in(store::Session& session, const SignInRow& row);
std::optional<SignInRow> find_sign_in(store::Session& session, Id id);
std::optional<SignInRow> find_by_state(store::Session& session, const std::string& state_hash);
// From "waiting" to "exchanging". False when it is not waiting any more: a code is used once.
bool take_sign_in(store::Session& session, Id id);
// False when it has ended already.
bool end_sign_in(store::Session& session, const SignIn& sign_in);
void note_poll(store::Session& session, Id id, std::int64_t now, Duration interval);
// Codes on devices that are not over, and about which nobody has asked for so much longer than the provider
// wants.
std::vector<SignInRow> forgotten_device_codes(store::Session& session, std::int64_t now, Duration patience);
// Those made before `before`, and secrets of any that are over.
void remove_old_sign_ins(store::Session& session, std::int64_t now, std::int64_t before);

}  // namespace patchbay::oauth
