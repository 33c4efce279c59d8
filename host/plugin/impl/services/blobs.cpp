// pb.blob/1: files of an integration, read and written piece by piece.
#include "base/error.hpp"
#include "plugin/impl/services/blob_access.hpp"
#include "plugin/impl/services/reading.hpp"
#include "plugin/impl/services/verbs.hpp"

namespace patchbay::plugin {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestName = 255;
constexpr std::int64_t kShortestLink = 60;  // seconds
constexpr std::int64_t kLongestLink = 7 * 24 * 3600;

void require_own(store::Session& session, const InstanceContext& context, Id id) {
  if (readable_blob(session, context, id).integration == context.integration) return;
  throw Error(Code::denied, Text("plugin.blob_not_own", {{"blob", to_string_id(id)}}));
}

struct ReadPiece {
  store::Blob blob;
  std::string data;
};

class BlobVerbs {
 public:
  explicit BlobVerbs(const Services::Parts& parts) : parts_(parts) {}

  boost::asio::awaitable<port::Result> create(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto request = request_of(call);
    store::Blob blob;
    blob.id = parts_.ids.next();
    blob.integration = context->integration;
    blob.name = request.contains("name") ? text_field(request, "name") : std::string();
    blob.type = request.contains("type") ? text_field(request, "type") : std::string();
    blob.created_at = parts_.clock.now().time_since_epoch().count();
    if (blob.name.size() > kLongestName) bad_field("name");
    if (blob.type.size() > kLongestName) bad_field("type");
    if (parts_.storage != nullptr) co_await parts_.storage->charge(context->integration, Storage::kEachBlob);
    auto work = [blob](store::Session& session) { store::create_blob(session, blob); };
    co_await parts_.store.write(std::move(work));
    json reply;
    reply["blob"] = to_string_id(blob.id);
    co_return reply_of(reply);
  }

  boost::asio::awaitable<port::Result> write(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto request = request_of(call);
    const auto id = id_field(request, "blob");
    const auto offset = number_field(request, "offset");
    if (offset < 0) bad_field("offset");
    if (call.message.blobs.empty() || call.message.blobs.front().size() > store::kBlobPiece)
      bad_field("blobs/0");
    const auto data = std::make_shared<const std::string>(std::move(call.message.blobs.front()));
    if (parts_.storage != nullptr)
      co_await parts_.storage->charge(context->integration, static_cast<std::int64_t>(data->size()));
    auto work = [context, id, offset, data](store::Session& session) {
      require_own(session, *context, id);
      return store::write_blob(session, id, offset, *data);
    };
    const auto size = co_await parts_.store.write(std::move(work));
    json reply;
    reply["size"] = size;
    co_return reply_of(reply);
  }

  boost::asio::awaitable<port::Result> close(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto id = id_field(request_of(call), "blob");
    auto work = [context, id](store::Session& session) {
      require_own(session, *context, id);
      return store::close_blob(session, id);
    };
    const auto blob = co_await parts_.store.write(std::move(work));
    json reply;
    reply["size"] = blob.size;
    reply["sha256"] = blob.sha256;
    co_return reply_of(reply);
  }

  boost::asio::awaitable<port::Result> read(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto request = request_of(call);
    const auto id = id_field(request, "blob");
    const auto offset = number_field(request, "offset");
    const auto length = number_field(request, "length");
    if (offset < 0) bad_field("offset");
    if (length < 1 || length > store::kBlobPiece) bad_field("length");
    auto work = [context, id, offset, length](store::Session& session) {
      ReadPiece piece;
      piece.blob = readable_blob(session, *context, id);
      piece.data = store::read_blob(session, id, offset, length);
      return piece;
    };
    auto piece = co_await parts_.store.read(std::move(work));
    json reply;
    reply["size"] = piece.blob.size;
    reply["type"] = piece.blob.type;
    reply["name"] = piece.blob.name;
    std::vector<std::string> blobs;
    blobs.push_back(std::move(piece.data));
    co_return reply_of(reply, std::move(blobs));
  }

  // An address that a provider fetches it from (N14).
  boost::asio::awaitable<port::Result> publish(std::shared_ptr<InstanceContext> context, port::Call call) {
    const auto request = request_of(call);
    const auto id = id_field(request, "blob");
    const auto good_for = number_field(request, "ttl_s");
    if (good_for < kShortestLink || good_for > kLongestLink) bad_field("ttl_s");
    auto work = [context, id](store::Session& session) { return readable_blob(session, *context, id); };
    const auto blob = co_await parts_.store.read(std::move(work));
    if (!blob.ready) throw Error(Code::conflict, Text("plugin.blob_open", {{"blob", to_string_id(id)}}));
    if (parts_.links == nullptr) throw Error(Code::unsupported, Text("plugin.no_site_url"));
    auto making =
        parts_.links->make(id, std::chrono::seconds(good_for), blob.name.empty() ? "file" : blob.name);
    const auto link = co_await std::move(making);
    json reply;
    reply["url"] = link.url;
    reply["expires_at"] = to_rfc3339(link.expires_at);
    co_return reply_of(reply);
  }

 private:
  const Services::Parts parts_;
};

}  // namespace

void add_blobs(Services& services, const Services::Parts& parts) {
  const auto verbs = std::make_shared<BlobVerbs>(parts);
  const auto add = [&](const char* method, auto verb) {
    services.add(method, [verbs, verb](auto context, auto call) {
      return ((*verbs).*verb)(std::move(context), std::move(call));
    });
  };
  add("pb.blob/1:create", &BlobVerbs::create);
  add("pb.blob/1:write", &BlobVerbs::write);
  add("pb.blob/1:close", &BlobVerbs::close);
  add("pb.blob/1:read", &BlobVerbs::read);
  add("pb.blob/1:publish", &BlobVerbs::publish);
}

}  // namespace patchbay::plugin
