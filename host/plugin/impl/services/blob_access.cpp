#include "plugin/impl/services/blob_access.hpp"

#include "base/error.hpp"

namespace patchbay::plugin {
namespace {

struct Position {
  Position(store::Store& s, Id i) : store(s), id(i) {}
  store::Store& store;
  Id id;
  std::int64_t offset = 0;
};

boost::asio::awaitable<std::string> next_piece(std::shared_ptr<Position> position) {
  auto work = [position](store::Session& session) {
    return store::read_blob(session, position->id, position->offset, store::kBlobPiece);
  };
  auto piece = co_await position->store.read(std::move(work));
  position->offset += static_cast<std::int64_t>(piece.size());
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

std::function<boost::asio::awaitable<std::string>()> blob_reader(store::Store& store, Id id) {
  const auto position = std::make_shared<Position>(store, id);
  return [position] { return next_piece(position); };
}

}  // namespace patchbay::plugin
