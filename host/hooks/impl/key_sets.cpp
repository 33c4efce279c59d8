#include "hooks/key_sets.hpp"

#include "base/error.hpp"

namespace patchbay::hooks {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr Duration kFetchLimit = 5s;  // a provider waits for its answer meanwhile
constexpr std::uint64_t kLargest = 256 << 10;
constexpr std::chrono::nanoseconds kFresh = 1h;
constexpr std::chrono::nanoseconds kUsable = 24h;
constexpr std::chrono::nanoseconds kUnknownAgain = 60s;
constexpr Duration kFailedAgain = 5s;
constexpr int kOk = 200;

}  // namespace

struct KeySets::Set {
  explicit Set(Id number_) : number(number_) {}

  // What is kept decides, while it does: nothing else is to be asked.
  bool decides(const std::string& key_id, std::chrono::nanoseconds now) const {
    if (!keys || now - fetched >= kFresh) return false;
    return keys->contains(key_id) || (searched && now - *searched < kUnknownAgain);
  }
  bool failed_just_now(std::chrono::nanoseconds now) const { return failed && now - *failed < kFailedAgain; }
  std::optional<crypto::PublicKey> at(const std::string& key_id) const {
    const auto found = keys->find(key_id);
    return found == keys->end() ? std::nullopt : std::optional(found->second);
  }

  const Id number;
  std::optional<KeySet> keys;
  std::chrono::nanoseconds fetched{0};
  std::optional<std::chrono::nanoseconds> failed;    // when it was last tried in vain
  std::optional<std::chrono::nanoseconds> searched;  // when a key was last not among them
};

KeySets::KeySets(Parts parts) : parts_(std::move(parts)), turns_(parts_.executor) {}

KeySets::~KeySets() = default;

std::shared_ptr<KeySets::Set> KeySets::set_at(const std::string& address) {
  const std::lock_guard lock(mutex_);
  auto& set = sets_[address];
  if (!set) set = std::make_shared<Set>(static_cast<Id>(sets_.size()));
  return set;
}

asio::awaitable<std::optional<crypto::PublicKey>> KeySets::find(std::string address, std::string key_id) {
  const auto set = set_at(address);
  {
    const std::lock_guard lock(mutex_);
    if (set->decides(key_id, parts_.clock.monotonic())) co_return set->at(key_id);
  }
  const auto turn = co_await turns_.lock(set->number);
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    const auto now = parts_.clock.monotonic();
    wanted = !set->decides(key_id, now) && !set->failed_just_now(now);  // somebody may have been before us
  }
  if (wanted) co_await fetch(std::move(address), set, key_id);
  const std::lock_guard lock(mutex_);
  const auto now = parts_.clock.monotonic();
  if (set->keys && now - set->fetched < kUsable) {
    auto key = set->at(key_id);
    // While the provider is away nobody knows whether it has such a key now.
    if (key || set->decides(key_id, now)) co_return key;
  }
  throw Error(Code::unavailable, Text("hooks.keys_missing")).retry_after(kFailedAgain);
}

asio::awaitable<void> KeySets::fetch(std::string address, std::shared_ptr<Set> set, std::string key_id) {
  net::HttpRequest request("GET", address);
  request.headers.emplace_back("Accept", "application/json");
  request.timeout = kFetchLimit;
  request.max_response = kLargest;
  net::EgressRule guard;
  guard.opened = parts_.opened();
  std::optional<KeySet> keys;
  std::string why;
  try {
    const auto response = co_await parts_.http.fetch(std::move(request), std::move(guard));
    if (response.status == kOk) keys = parse_key_set(response.body);
    if (!keys) why = "HTTP " + std::to_string(response.status) + ", no key set";
  } catch (const Error& error) {
    why = error.what();
  }
  if (!keys)
    parts_.logger.warn("the keys of a provider cannot be fetched", {{"address", address}, {"error", why}});
  const std::lock_guard lock(mutex_);
  if (!keys) {
    set->failed = parts_.clock.monotonic();
    co_return;
  }
  set->keys = std::move(keys);
  set->fetched = parts_.clock.monotonic();
  set->failed.reset();
  if (!set->keys->contains(key_id)) set->searched = set->fetched;
}

}  // namespace patchbay::hooks
