#include "cluster/owned.hpp"

#include <algorithm>

namespace patchbay::cluster {

Owned::Owned() {
  for (auto& word : words_) word = ~std::uint64_t{0};
}

bool Owned::has_partition(std::size_t partition) const {
  return (words_.at(partition / 64).load(std::memory_order_relaxed) >> (partition % 64) & 1) != 0;
}

bool Owned::has_all() const {
  return std::all_of(words_.begin(), words_.end(), [](const auto& word) { return ~word.load() == 0; });
}

std::optional<std::string> Owned::some() const {
  const auto partitions = get();
  if (partitions.all()) return std::nullopt;
  std::string out = "{";
  for (std::size_t i = 0; i < kPartitions; ++i) {
    if (!partitions.test(i)) continue;
    if (out.size() > 1) out += ',';
    out += std::to_string(i);
  }
  return out + '}';
}

Partitions Owned::get() const {
  Partitions out;
  for (std::size_t i = 0; i < kPartitions; ++i) out.set(i, has_partition(i));
  return out;
}

void Owned::set(const Partitions& partitions) {
  for (std::size_t word = 0; word < words_.size(); ++word) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 64; ++i) bits |= std::uint64_t{partitions.test(word * 64 + i)} << i;
    words_.at(word) = bits;
  }
}

}  // namespace patchbay::cluster
