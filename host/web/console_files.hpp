#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "base/site_address.hpp"
#include "web/http_server.hpp"

namespace patchbay::web {

// The console: files of a folder for anybody, its page for every address of it. Names were read into a table
// at the start, so none leads out of the folder; bytes are read as they are asked for, so an idle host holds
// none. Mount it with Router::fall_back_to(files).
class ConsoleFiles final : public Application {
 public:
  // A folder that is not there: a build without the console, which a page says. `site`: its path is taken off
  // where a request carries it, and is what the page's addresses begin with.
  explicit ConsoleFiles(const std::filesystem::path& folder, SiteAddress site = {});

  BodyPlan plan(const Request& head) override;
  // 200, 304; throws Error{not_found} for what is no file to whoever wants no page, and below /api and the
  // like.
  boost::asio::awaitable<Response> handle(Request request) override;

 private:
  struct File {
    std::filesystem::path path;
    std::string type;
    std::string etag;
    bool brotli = false;  // the same compressed stands beside it
    bool gzip = false;
  };

  void add(const std::filesystem::path& path, std::string name);
  Response page(const Request& request) const;
  Response file(const File& file, bool is_hashed, const Request& request) const;

  std::map<std::string, File, std::less<>> files_;  // "assets/index-Dk3f.js"
  std::string page_;                                // index.html; empty: there is no console
  const SiteAddress site_;
};

}  // namespace patchbay::web
