#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <patchbay/plugin.hpp>

#include "account.hpp"

namespace messenger {

// Webhooks tell a client's id only. The name is asked for once and remembered; whom Meta does not name stays
// nameless, and is asked about again after an hour. On the instance's strand.
class Names {
 public:
  Names(const patchbay::Host& host, const meta::Graph& graph, const Account& account)
      : host_(host), graph_(graph), account_(account) {}

  // The events of translate() with the names of those who wrote to this page filled in. Those of other pages
  // of the app stay as they are: only a page's own token may ask. A webhook waits for it, so all together
  // takes two seconds at most, and no token is renewed here; who is left comes with a later message. Never
  // throws but for PB_CANCELLED.
  patchbay::Task<Json> fill_in(Json events);

 private:
  struct Known {
    std::string name;  // empty: Meta does not tell
    std::int64_t until = 0;
  };
  // Empty: not known. `until`: when the time for it is over.
  patchbay::Task<std::string> name_of(std::string person, std::int64_t until);

  const patchbay::Host& host_;
  const meta::Graph& graph_;
  const Account& account_;
  std::map<std::string, Known> known_;
};

}  // namespace messenger
