#include "store/impl/store_url.hpp"

#include <filesystem>
#include <string_view>

#include "base/error.hpp"

namespace patchbay::store {

namespace {

// SOCI takes the path between double quotes.
bool is_usable(std::string_view path) {
  return !path.empty() && path.find_first_of("\"\n") == std::string_view::npos;
}

}  // namespace

StoreUrl::StoreUrl(const std::string& url) : dialect(Dialect::postgresql) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) return;
  const std::string_view scheme = "sqlite:";
  if (!url.starts_with(scheme) || !is_usable(std::string_view(url).substr(scheme.size()))) {
    throw Error(Code::invalid, Text("store.bad_url"));
  }
  dialect = Dialect::sqlite;
  std::error_code missing;
  const auto given = std::filesystem::absolute(url.substr(scheme.size()));
  const auto real = std::filesystem::weakly_canonical(given, missing);
  path = missing ? given.string() : real.string();
}

}  // namespace patchbay::store
