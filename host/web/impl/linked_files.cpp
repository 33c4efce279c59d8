#include "web/linked_files.hpp"

#include "base/error.hpp"
#include "web/impl/file_response.hpp"
#include "web/impl/route_table.hpp"

namespace patchbay::web {

LinkedFiles::LinkedFiles(store::Store& store, plugin::FileLinks& links, SiteAddress site)
    : store_(store), links_(links), site_(std::move(site)) {}

BodyPlan LinkedFiles::plan(const Request&) {
  return BodyPlan(0);
}

boost::asio::awaitable<Response> LinkedFiles::handle(Request request) {
  if (request.method != "GET" && request.method != "HEAD") {
    Response refused(405);
    refused.headers.add("allow", "GET, HEAD");
    co_return refused;
  }
  auto opening = links_.open(std::string(strip_base(request.path(), site_.path())));
  const auto id = co_await std::move(opening);
  std::optional<store::Blob> blob;
  if (id) {
    auto work = [id](store::Session& session) { return store::find_blob(session, *id); };
    blob = co_await store_.read(std::move(work));
  }
  if (!blob || !blob->ready) throw Error(Code::not_found, Text("web.no_linked_file"));
  auto response = file_response(store_, *blob, request);
  response.headers.add("cache-control", "private, no-store");
  response.headers.add("x-robots-tag", "noindex");
  co_return response;
}

}  // namespace patchbay::web
