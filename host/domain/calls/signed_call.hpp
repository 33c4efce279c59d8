#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "net/http.hpp"
#include "store/store.hpp"
#include "vault/vault.hpp"

// Calls to addresses outside, signed as Standard Webhooks say and tried again until they succeed
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). Pure, apart
// from what reads the vault.
namespace patchbay::domain::calls {

// Nothing for an address that may be called; else why not. `opened`: what egress.allow opens.
std::optional<Text> refuse_address(const std::string& url, const std::vector<std::string>& opened);

// "whsec_..." with 32 random bytes.
std::string make_secret();
// The present one and, for as long as it is good, the former one of "secret" in the vault: calls are signed
// with each.
std::vector<std::string> secrets_of(const vault::Vault& vault, store::Session& session,
                                    const std::string& scope, Id owner);
// How long a replaced secret still signs.
inline constexpr Duration kFormerSecret{24LL * 3'600'000};

// The value of webhook-signature: one for each secret ("Signature scheme").
std::string signature(const std::vector<std::string>& secrets, const std::string& id, std::int64_t seconds,
                      const std::string& body);
// The signed POST of a JSON body. `id`: the same at every try.
net::HttpRequest signed_post(const std::string& url, const std::string& id, std::string body,
                             const std::vector<std::string>& secrets, TimePoint now);

// Retry-After in seconds, an hour at most; nothing where there is none.
std::optional<Duration> asked_wait(const net::HttpResponse& response);
// Before the next try after so many: 1 s, four times as much each time, `longest` at most.
Duration back_off(std::int64_t attempts, Duration longest);

}  // namespace patchbay::domain::calls
