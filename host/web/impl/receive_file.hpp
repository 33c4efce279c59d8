#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/settings/settings.hpp"
#include "store/blobs.hpp"
#include "store/store.hpp"
#include "web/http_message.hpp"

namespace patchbay::web {

// Bytes of one upload: as many as the setting MaxFileSize may allow, with what a form adds.
inline constexpr std::uint64_t kLargestUpload = (100u << 20) + (64u << 10);

// All outlive the call.
struct Receiving {
  Receiving(store::Store& s, const Clock& c, IdMint& i, const domain::settings::Settings& t)
      : store(s), clock(c), ids(i), settings(t) {}
  store::Store& store;
  const Clock& clock;
  IdMint& ids;
  const domain::settings::Settings& settings;
  std::optional<Id> uploader;  // the user who sends it; none: a token
  // Looks at the first bytes, twelve or more where there are so many, and may change the type, or throw.
  std::function<void(store::Blob&, std::string_view head)> look;
};

// Stores the first file of a form as it comes. Throws Error{invalid} "web.no_file_part", StatusError 413
// "web.file_over_limit" for one over MaxFileSize.
boost::asio::awaitable<store::Blob> receive_file(Request& request, Receiving receiving);

}  // namespace patchbay::web
