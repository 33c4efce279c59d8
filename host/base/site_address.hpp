#pragma once

#include <memory>
#include <mutex>
#include <string>

namespace patchbay {

// The public address of the installation (SET-2): "https://host.example/app", without a slash at its end;
// empty while it is not known. Copies are the same address: what one is set to, all are. Any thread.
class SiteAddress {
 public:
  // From text without saying so: whoever needs an address takes one that never changes, too.
  SiteAddress(std::string url = {});
  SiteAddress(const char* url) : SiteAddress(std::string(url)) {}

  std::string get() const;
  // "/app", which requests may carry; empty where there is none.
  std::string path() const;
  bool is_https() const;
  // Whether it was another one.
  bool set(std::string url);

 private:
  struct State {
    std::mutex mutex;
    std::string url;
    std::string path;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace patchbay
