#pragma once

#include <string>
#include <vector>

#include "vault/impl/box.hpp"

namespace patchbay::vault {

// The keys in the file, one after the other: none when there is no such file. Throws Error{invalid}
// "vault.bad_key" when it does not hold one to eight keys of 32 bytes and Error{unavailable} "vault.key_file"
// when it cannot be read.
std::vector<KeyBytes> read_key_file(const std::string& path);

// Makes the file with a new key: whole or not at all, on the disk when this returns, readable by its owner
// only. A file that appeared meanwhile is left alone and read instead.
std::vector<KeyBytes> make_key_file(const std::string& path);

// Puts these keys in its place: whole or not at all, on the disk when this returns.
void write_key_file(const std::string& path, const std::vector<KeyBytes>& keys);

}  // namespace patchbay::vault
