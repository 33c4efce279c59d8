#pragma once

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/chats.hpp"
#include "store/blobs.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/files: what is attached to messages. Files pass through in pieces, whatever their size. All
// references outlive the router.
class FilesApi {
 public:
  FilesApi(store::Store& store, domain::chat::Chats& chats, const Clock& clock, IdMint& ids)
      : store_(store), chats_(chats), clock_(clock), ids_(ids) {}

  void add_to(Router& router);

  static constexpr std::uint64_t kLargest = 100u << 20;  // bytes of one upload

 private:
  boost::asio::awaitable<Response> upload(Call call);
  boost::asio::awaitable<Response> download(Call call);

  // What an id of the API stands for: an uploaded file, or an attachment of a message.
  boost::asio::awaitable<store::Blob> find(Id id);

  store::Store& store_;
  domain::chat::Chats& chats_;
  const Clock& clock_;
  IdMint& ids_;
};

}  // namespace patchbay::web
