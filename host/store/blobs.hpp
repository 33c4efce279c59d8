#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/id.hpp"
#include "crypto/digest.hpp"
#include "store/store.hpp"

namespace patchbay::store {

// A file in the database, kept in pieces so that none is ever whole in memory.
struct Blob {
  Id id = 0;
  std::optional<Id> integration;
  std::optional<Id> uploader;  // a user
  std::string name;
  std::string type;  // "image/jpeg"
  std::int64_t size = 0;
  std::string sha256;  // hex; empty until closed
  bool ready = false;  // closed: its content never changes again
  std::int64_t created_at = 0;
};

// The most that one read gives and the size of a stored piece: 256 KiB.
constexpr std::int64_t kBlobPiece = 256 * 1024;

// All of these run inside the caller's transaction. A blob that is not there: Error{not_found}
// "store.blob_missing".

// Takes id, integration, uploader, name, type and created_at.
void create_blob(Session& session, const Blob& blob);
// Writes at `offset`, which is at most the size so far: Error{invalid} "store.blob_gap". What was written
// there before is replaced, so a repeated write is harmless. Returns the new size. Pieces of 256 KiB are the
// cheapest. Error{conflict} "store.blob_closed" once it is closed.
std::int64_t write_blob(Session& session, Id id, std::int64_t offset, std::string_view data);
// No more will be written; repeating is harmless. Reads the content once to compute its digest unless it is
// given.
Blob close_blob(Session& session, Id id, const std::string& sha256 = {});
std::optional<Blob> find_blob(Session& session, Id id);
// At most `length` and at most kBlobPiece bytes; shorter only at the end.
std::string read_blob(Session& session, Id id, std::int64_t offset, std::int64_t length);
// From now on the integration may read it, whoever it belongs to; repeating is harmless.
void let_read_blob(Session& session, Id id, Id integration);
// Whether the integration owns it or was let.
bool may_read_blob(Session& session, const Blob& blob, Id integration);

// It stays until then (Unix milliseconds), or longer where that was said before, whatever uses it.
void keep_blob(Session& session, Id id, std::int64_t until);

// A column that holds ids of blobs. Give it `references blobs(id)`, so that no sweep can win a race against a
// new use.
struct BlobUse {
  BlobUse(std::string t, std::string c) : table(std::move(t)), column(std::move(c)) {}
  std::string table;
  std::string column;
};
// Removes at most 100 blobs made before `created_before` that no column refers to and that need not be kept
// at `now`; returns how many. Repeat until 0.
std::int64_t sweep_blobs(Session& session, std::int64_t created_before, std::int64_t now,
                         std::vector<BlobUse> uses);

// Bytes of the integration's blobs to which no column refers, and `each` more for every one.
std::int64_t unused_bytes(Session& session, Id integration, std::int64_t each,
                          const std::vector<BlobUse>& uses);

// Writes a new blob from a stream: gathers pieces, one transaction each. One coroutine at a time.
class BlobWriter {
 public:
  // As create_blob(). `store` outlives it.
  BlobWriter(Store& store, Blob blob) : store_(store), blob_(std::move(blob)) {}

  boost::asio::awaitable<void> write(std::string data);
  // Unless this has returned, the blob stays open and is swept after a day.
  boost::asio::awaitable<Blob> close();
  std::int64_t size() const { return written_ + static_cast<std::int64_t>(pending_.size()); }

 private:
  boost::asio::awaitable<void> flush(std::size_t count);

  Store& store_;
  Blob blob_;
  crypto::Sha256 digest_;
  std::string pending_;
  std::int64_t written_ = 0;
  bool created_ = false;
};

}  // namespace patchbay::store
