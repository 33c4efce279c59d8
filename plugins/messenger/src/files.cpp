#include "files.hpp"

#include <optional>
#include <utility>

#include "using.hpp"
#include "words.hpp"

namespace messenger {
namespace {

using meta::Effect;
using meta::Graph;
using meta::GraphCall;
using patchbay::Error;
using patchbay::FileReply;
using patchbay::Task;

// The address of the attachment at a place of a message, as the message tells it today; empty: none.
std::string address_in(const Json& message, std::size_t place) {
  const Json& all = member(member(message, "attachments"), "data");
  if (!all.is_array() || place >= all.size()) return "";
  for (const char* kind : {"image_data", "video_data"}) {
    if (std::string url = text_of(member(all[place], kind), "url"); !url.empty()) return url;
  }
  return text_of(all[place], "file_url");
}

Task<std::string> fresh_address(const Account& account, Json file) {
  GraphCall call("GET", text_of(file, "mid"), Effect::reads);
  call.query = {{"fields", "attachments"}};
  const Json message = co_await account.call(std::move(call));
  co_return address_in(message, static_cast<std::size_t>(number_of(file, "place").value_or(0)));
}

}  // namespace

Task<FileReply> fetch_file(const Graph& graph, const Account& account, Json file) {
  std::string url = text_of(file, "url");
  for (int tries = 0;; ++tries) {
    std::string address = url;
    std::string name = file_name_of(url);
    std::optional<Error> failed;
    try {
      FileReply reply = co_await graph.download(std::move(address), std::move(name));
      co_return reply;
    } catch (const Error& error) {
      failed = error;
    }
    if (failed->code != PB_NOT_FOUND || tries > 0 || text_of(file, "mid").empty()) throw std::move(*failed);
    Json asked = file;
    url = co_await fresh_address(account, std::move(asked));
    if (url.empty()) throw std::move(*failed);
  }
}

}  // namespace messenger
