#pragma once

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/chats.hpp"
#include "domain/settings/settings.hpp"
#include "store/blobs.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/files: what is attached to messages. Files pass through in pieces, whatever their size. All
// references outlive the router.
class FilesApi {
 public:
  struct Parts {
    Parts(store::Store& s, domain::chat::Chats& c, const domain::settings::Settings& t, const Clock& k,
          IdMint& i)
        : store(s), chats(c), settings(t), clock(k), ids(i) {}
    store::Store& store;
    domain::chat::Chats& chats;
    const domain::settings::Settings& settings;
    const Clock& clock;
    IdMint& ids;
  };
  explicit FilesApi(Parts parts) : parts_(parts) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> upload(Call call);
  boost::asio::awaitable<Response> download(Call call);

  // What an id of the API stands for: an uploaded file, or an attachment of a message.
  boost::asio::awaitable<store::Blob> find(Id id);

  const Parts parts_;
};

}  // namespace patchbay::web
