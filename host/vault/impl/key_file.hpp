#pragma once

#include <optional>
#include <string>

#include "vault/impl/box.hpp"

namespace patchbay::vault {

// Nothing when there is no such file. Throws Error{invalid} "vault.bad_key" when it does not hold 32 bytes
// and Error{unavailable} "vault.key_file" when it cannot be read.
std::optional<KeyBytes> read_key_file(const std::string& path);

// Makes the file with a new key: whole or not at all, on the disk when this returns, readable by its owner
// only. A file that appeared meanwhile is left alone and read instead.
KeyBytes make_key_file(const std::string& path);

}  // namespace patchbay::vault
