#include "store/blobs.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "crypto/encoding.hpp"
#include "store/dialect.hpp"

namespace patchbay::store {

namespace {

constexpr const char* kSelect =
    "select id, integration, name, type, size, sha256, state, created_at, uploader from blobs where id = :id";

Error missing(Id id) {
  return Error(Code::not_found, Text("store.blob_missing", {{"blob", to_string_id(id)}}));
}

Blob blob_of(const Row& row) {
  Blob blob;
  blob.id = row.integer(0);
  blob.integration = row.maybe_integer(1);
  blob.name = row.text(2);
  blob.type = row.text(3);
  blob.size = row.integer(4);
  blob.sha256 = row.maybe_text(5).value_or("");
  blob.ready = row.text(6) == "ready";
  blob.created_at = row.integer(7);
  blob.uploader = row.maybe_integer(8);
  return blob;
}

Blob lock(Session& session, Id id) {
  const auto row = session.query_one(std::string(kSelect).append(for_update(session.dialect())), {id});
  if (!row) throw missing(id);
  return blob_of(*row);
}

std::string not_used(const std::vector<BlobUse>& uses) {
  std::string sql;
  for (const auto& use : uses) {
    sql += " and not exists (select 1 from " + use.table + " where " + use.table + "." + use.column +
           " = blobs.id)";
  }
  return sql;
}

std::string piece(Session& session, Id id, std::int64_t number) {
  const auto row =
      session.query_one("select data from blob_pieces where blob = :blob and piece = :piece", {id, number});
  return row ? row->bytes(0) : std::string();
}

void put_piece(Session& session, Id id, std::int64_t number, std::string data) {
  session.exec(
      "insert into blob_pieces(blob, piece, data) values (:blob, :piece, :data)"
      " on conflict(blob, piece) do update set data = excluded.data",
      {id, number, Bytes(std::move(data))});
}

// `data` lies within one piece, from `start` on.
void write_within(Session& session, Id id, std::int64_t number, std::size_t start, std::string_view data) {
  std::string whole;
  if (data.size() < static_cast<std::size_t>(kBlobPiece)) whole = piece(session, id, number);
  if (whole.size() < start + data.size()) whole.resize(start + data.size());
  std::copy(data.begin(), data.end(), whole.begin() + static_cast<std::ptrdiff_t>(start));
  put_piece(session, id, number, std::move(whole));
}

std::string digest_of(Session& session, const Blob& blob) {
  crypto::Sha256 digest;
  for (std::int64_t at = 0; at < blob.size; at += kBlobPiece)
    digest.update(piece(session, blob.id, at / kBlobPiece));
  return crypto::to_hex(digest.finish());
}

}  // namespace

void create_blob(Session& session, const Blob& blob) {
  session.exec(
      "insert into blobs(id, integration, name, type, size, sha256, state, created_at, uploader)"
      " values (:id, :integration, :name, :type, 0, null, 'writing', :created_at, cast(:uploader as bigint))",
      {blob.id, nullable(blob.integration), blob.name, blob.type, blob.created_at, nullable(blob.uploader)});
}

std::int64_t write_blob(Session& session, Id id, std::int64_t offset, std::string_view data) {
  const auto blob = lock(session, id);
  if (blob.ready) throw Error(Code::conflict, Text("store.blob_closed", {{"blob", to_string_id(id)}}));
  if (offset < 0 || offset > blob.size) {
    throw Error(Code::invalid, Text("store.blob_gap", {{"blob", to_string_id(id)},
                                                       {"offset", std::to_string(offset)},
                                                       {"size", std::to_string(blob.size)}}));
  }
  const auto end = offset + static_cast<std::int64_t>(data.size());
  while (!data.empty()) {
    const auto start = static_cast<std::size_t>(offset % kBlobPiece);
    const auto part = data.substr(0, static_cast<std::size_t>(kBlobPiece) - start);
    write_within(session, id, offset / kBlobPiece, start, part);
    data.remove_prefix(part.size());
    offset += static_cast<std::int64_t>(part.size());
  }
  if (end <= blob.size) return blob.size;
  session.exec("update blobs set size = :size where id = :id", {end, id});
  return end;
}

Blob close_blob(Session& session, Id id, const std::string& sha256) {
  auto blob = lock(session, id);
  if (blob.ready) return blob;
  blob.sha256 = sha256.empty() ? digest_of(session, blob) : sha256;
  blob.ready = true;
  session.exec("update blobs set state = 'ready', sha256 = :sha256 where id = :id", {blob.sha256, id});
  return blob;
}

std::optional<Blob> find_blob(Session& session, Id id) {
  const auto row = session.query_one(kSelect, {id});
  if (!row) return std::nullopt;
  return blob_of(*row);
}

std::string read_blob(Session& session, Id id, std::int64_t offset, std::int64_t length) {
  const auto blob = find_blob(session, id);
  if (!blob) throw missing(id);
  offset = std::clamp<std::int64_t>(offset, 0, blob->size);
  const auto end = std::min(offset + std::clamp<std::int64_t>(length, 0, kBlobPiece), blob->size);
  std::string out;
  while (offset < end) {
    const auto start = static_cast<std::size_t>(offset % kBlobPiece);
    const auto whole = piece(session, id, offset / kBlobPiece);
    const auto part =
        std::string_view(whole).substr(std::min(start, whole.size()), static_cast<std::size_t>(end - offset));
    if (part.empty()) throw Error(Code::internal, Text("store.blob_damaged", {{"blob", to_string_id(id)}}));
    out += part;
    offset += static_cast<std::int64_t>(part.size());
  }
  return out;
}

void let_read_blob(Session& session, Id id, Id integration) {
  session.exec(
      "insert into blob_readers(blob, integration) values (:blob, :integration) on conflict do nothing",
      {id, integration});
}

bool may_read_blob(Session& session, const Blob& blob, Id integration) {
  if (blob.integration == integration) return true;
  return session
      .query_one("select blob from blob_readers where blob = :blob and integration = :integration",
                 {blob.id, integration})
      .has_value();
}

void keep_blob(Session& session, Id id, std::int64_t until) {
  session.exec(
      "insert into blob_links(blob, until) values (:blob, :until) on conflict (blob) do update set until = "
      "excluded.until where excluded.until > blob_links.until",
      {id, until});
}

std::int64_t sweep_blobs(Session& session, std::int64_t created_before, std::int64_t now,
                         std::vector<BlobUse> uses) {
  session.exec("delete from blob_links where until <= :now", {now});
  uses.emplace_back("blob_links", "blob");
  std::string sql = "delete from blobs where id in (select id from blobs where created_at < :before";
  sql += not_used(uses);
  sql += " order by created_at limit 100)";
  return session.exec(sql, {created_before});
}

std::int64_t unused_bytes(Session& session, Id integration, std::int64_t each,
                          const std::vector<BlobUse>& uses) {
  const auto row = session.query_one(
      "select cast(coalesce(sum(size + :each), 0) as bigint) from blobs where integration = :i" +
          not_used(uses),
      {each, integration});
  return row->integer(0);
}

boost::asio::awaitable<void> BlobWriter::write(std::string data) {
  digest_.update(data);
  pending_ += data;
  const auto piece_size = static_cast<std::size_t>(kBlobPiece);
  while (pending_.size() >= piece_size) {
    co_await flush(piece_size);
  }
}

boost::asio::awaitable<Blob> BlobWriter::close() {
  co_await flush(pending_.size());
  auto sha256 = crypto::to_hex(digest_.finish());
  auto work = [id = blob_.id, sha256](Session& session) { return close_blob(session, id, sha256); };
  co_return co_await store_.write(std::move(work));
}

boost::asio::awaitable<void> BlobWriter::flush(std::size_t count) {
  const auto data = std::make_shared<std::string>(pending_.substr(0, count));
  auto work = [blob = blob_, offset = written_, create = !created_, data](Session& session) {
    if (create) create_blob(session, blob);
    write_blob(session, blob.id, offset, *data);
  };
  co_await store_.write(std::move(work));
  created_ = true;
  written_ += static_cast<std::int64_t>(count);
  pending_.erase(0, count);
}

}  // namespace patchbay::store
