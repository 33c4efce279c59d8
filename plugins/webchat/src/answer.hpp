#pragma once

#include <string>
#include <vector>

#include "using.hpp"

namespace webchat {

// A file that the visitor's page may fetch.
class SharedFile {
 public:
  // `about`: {"name", "type", "size", "kind"}, as far as it is known; `until`: RFC 3339.
  SharedFile(Json about, std::string url, std::string until);
  const Json& json() const { return json_; }

 private:
  Json json_;
};

// What the page of a visitor gets for one part of an operator's message (README, "Frames"). `request`:
// SendRequest. Pure. A contact card becomes text; of buttons only those are left that a page may follow.
Json answer_of(const Json& request, const std::vector<SharedFile>& files, const std::string& at);

// Whether there is anything to show.
bool says_something(const Json& answer);

// The page knows ids without the session in front: nobody can name another's messages.
std::string short_id(const std::string& session, const std::string& full_id);

}  // namespace webchat
