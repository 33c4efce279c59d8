// What hosts on one PostgreSQL tell each other: that there is work, and in which partition ("inbox:17"); that
// the journal has grown.
#include <charconv>

#include "app/impl/modules.hpp"

namespace patchbay::app {

namespace {

constexpr const char* kJournal = "journal";

}  // namespace

void Modules::tell_of_journal() {
  business.subscriptions.wake();
  if (notices_) notices_->say(kJournal);
}

void Modules::tell(const char* what, Id integration) {
  if (!notices_ || peers.owned().has(integration)) return;
  notices_->say(std::string(what) + ":" + std::to_string(cluster::partition_of(integration)));
}

void Modules::heard(const std::string& word) {
  if (word == kJournal) return feed.wake();
  const auto colon = word.find(':');
  if (colon == word.npos) return;
  std::size_t partition = 0;
  const auto* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data() + colon + 1, end, partition);
  if (read.ec != std::errc() || read.ptr != end || partition >= cluster::kPartitions) return;
  if (!peers.owned().has_partition(partition)) return;
  if (word.starts_with("inbox:")) dispatcher.look();
  if (word.starts_with("outbox:")) outbox.look();
}

}  // namespace patchbay::app
