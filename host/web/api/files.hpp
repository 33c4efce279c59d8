#pragma once

#include "base/clock.hpp"
#include "base/id.hpp"
#include "domain/chat/chats.hpp"
#include "domain/routing/router.hpp"
#include "domain/settings/settings.hpp"
#include "store/blobs.hpp"
#include "store/store.hpp"
#include "web/router.hpp"

namespace patchbay::web {

// /api/v1/files: what is attached to messages; for operators those of chats that they may read
// (/api/v1/desk/chats/{id}/files) and their own uploads (/api/v1/desk/files). Files pass through in pieces,
// whatever their size. All references outlive the router.
class FilesApi {
 public:
  struct Parts {
    Parts(store::Store& s, domain::chat::Chats& h, domain::routing::Router& r,
          const domain::settings::Settings& t, const Clock& c, IdMint& i)
        : store(s), chats(h), routing(r), settings(t), clock(c), ids(i) {}
    store::Store& store;
    domain::chat::Chats& chats;
    domain::routing::Router& routing;
    const domain::settings::Settings& settings;
    const Clock& clock;
    IdMint& ids;
  };
  explicit FilesApi(Parts parts) : parts_(parts) {}

  void add_to(Router& router);

 private:
  boost::asio::awaitable<Response> upload(Call call);
  boost::asio::awaitable<Response> download(Call call);
  boost::asio::awaitable<Response> download_of_chat(Call call);

  // What an id of the API stands for: an uploaded file, or an attachment of a message.
  boost::asio::awaitable<store::Blob> find(Id id);

  const Parts parts_;
};

}  // namespace patchbay::web
