#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "store/store.hpp"

namespace patchbay::web {

// An API token as it is stored: never the token itself, only its SHA-256.
class Token {
 public:
  Id id = 0;
  std::string name;
  std::string scopes;  // words with spaces between
  TimePoint created_at{};
  std::optional<TimePoint> expires_at;
  std::optional<TimePoint> last_used_at;
  std::optional<TimePoint> revoked_at;
};

// "pb_", 43 characters that say 32 random bytes, 6 that check them: what is mistyped is refused without a
// look into the database, and tools that search for leaked secrets can know it.
std::string mint_token();
bool is_token(std::string_view text);
// What is stored and searched for.
std::string token_hash(std::string_view token);

// The table `tokens`.
namespace token_table {
void add(store::Session& session, const Token& token, std::string hash);
std::optional<Token> find(store::Session& session, std::string hash);
std::vector<Token> list(store::Session& session, Id after, std::size_t limit);
// False: there is none. A token stays revoked since the first time.
bool revoke(store::Session& session, Id id, TimePoint now);
void remove(store::Session& session, Id id);
void touch(store::Session& session, Id id, TimePoint now);
}  // namespace token_table

}  // namespace patchbay::web
