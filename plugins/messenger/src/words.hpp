#pragma once

#include <string>

namespace messenger {

// The last segment of an address' path with its percent-encoding undone; empty where there is none.
std::string file_name_of(const std::string& url);

}  // namespace messenger
