#include "plugin/impl/services/blob_access.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace patchbay::plugin {
namespace {

struct Position {
  Position(store::Store& s, Id i, std::int64_t from, std::int64_t count)
      : store(s), id(i), offset(from), left(count) {}
  store::Store& store;
  Id id;
  std::int64_t offset;
  std::int64_t left;
};

boost::asio::awaitable<std::string> next_piece(std::shared_ptr<Position> position) {
  if (position->left == 0) co_return std::string();
  const auto size = std::min<std::int64_t>(position->left, store::kBlobPiece);
  auto work = [position, size](store::Session& session) {
    return store::read_blob(session, position->id, position->offset, size);
  };
  auto piece = co_await position->store.read(std::move(work));
  position->offset += static_cast<std::int64_t>(piece.size());
  position->left -= static_cast<std::int64_t>(piece.size());
  co_return piece;
}

}  // namespace

store::Blob readable_blob(store::Session& session, const InstanceContext& context, Id id) {
  auto blob = store::find_blob(session, id);
  if (!blob || !store::may_read_blob(session, *blob, context.integration)) {
    throw Error(Code::not_found, Text("store.blob_missing", {{"blob", to_string_id(id)}}));
  }
  return std::move(*blob);
}

std::function<boost::asio::awaitable<std::string>()> blob_reader(store::Store& store, Id id,
                                                                 std::int64_t offset, std::int64_t length) {
  const auto position = std::make_shared<Position>(store, id, offset, length);
  return [position] { return next_piece(position); };
}

}  // namespace patchbay::plugin
