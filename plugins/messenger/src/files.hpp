#pragma once

#include "account.hpp"

namespace messenger {

// pb.channel/1:fetch: `file` as content_of() made it. Addresses hold for some days only; for one that does
// not, Meta is asked for a fresh one, once. Error(PB_NOT_FOUND): Meta has the file no more.
patchbay::Task<patchbay::FileReply> fetch_file(const meta::Graph& graph, const Account& account, Json file);

}  // namespace messenger
