// Found before Boost's own by builds with ThreadSanitizer, which cannot follow the fence in ref_count_down():
// the same without one.
#pragma once

#define ref_count_down ref_count_down_with_fence
#include_next <boost/asio/detail/atomic_count.hpp>
#undef ref_count_down

namespace boost::asio::detail {

inline bool ref_count_down(atomic_count& count) {
  return count.fetch_sub(1, std::memory_order_acq_rel) == 1;
}

}  // namespace boost::asio::detail
