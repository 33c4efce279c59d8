#include "store/impl/store_url.hpp"

#include <filesystem>
#include <string_view>

#include "base/error.hpp"

namespace patchbay::store {

namespace {

bool begins_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// SOCI takes the path between double quotes.
bool is_usable(std::string_view path) {
  return !path.empty() && path.find_first_of("\"\n") == std::string_view::npos;
}

}  // namespace

StoreUrl::StoreUrl(const std::string& url) : dialect(Dialect::postgresql) {
  if (begins_with(url, "postgresql://") || begins_with(url, "postgres://")) return;
  const std::string_view scheme = "sqlite:";
  if (!begins_with(url, scheme) || !is_usable(std::string_view(url).substr(scheme.size()))) {
    throw Error(Code::invalid, Text("store.bad_url"));
  }
  dialect = Dialect::sqlite;
  std::error_code missing;
  const auto given = std::filesystem::absolute(url.substr(scheme.size()));
  const auto real = std::filesystem::weakly_canonical(given, missing);
  path = missing ? given.string() : real.string();
}

}  // namespace patchbay::store
