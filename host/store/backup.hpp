#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace patchbay::store {

// What a backup holds.
struct BackupInfo {
  std::int64_t schema = 0;  // number of its newest migration
  std::uintmax_t bytes = 0;
};

// Writes everything that is in the database into one new file, as it stands at one moment, while hosts go on
// using it: an SQLite database, or a dump of pg_dump (custom format). The file is whole, checked and on the
// disk when this returns, readable by its owner only; otherwise there is none. Blocks. Throws Error{conflict}
// "store.backup_exists", Error{unavailable} when database or disk are away.
BackupInfo back_up(const std::string& store_url, const std::filesystem::path& file);

// Whether the file is a backup for this kind of database that can be read to its end. Writes nothing. Throws
// Error{invalid} "store.no_backup" with the reason, "store.newer_schema" when a newer release made it.
BackupInfo check_backup(const std::string& store_url, const std::filesystem::path& file);

// Puts the backup in the database's place, wholly or not at all; no host may run. What was there before stays
// beside an SQLite database as <name>.before-restore. Throws as check_backup(), and Error{conflict}
// "store.not_empty" unless `replace` where the database holds something.
void restore(const std::string& store_url, const std::filesystem::path& file, bool replace);

}  // namespace patchbay::store
