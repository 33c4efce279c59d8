#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/store.hpp"

// Words that a transaction leaves for this process: "there is something new", told once it is there for
// others to read.
namespace patchbay::store {

// Told to whoever listens for the word once the session's transaction is committed; not when it is rolled
// back. Several times in one transaction are one. `word`: a constant.
void announce(Session& session, std::string_view word);

// `heard` is called after each commit of a transaction of this store that announced the word, on the thread
// that committed: quick, and throws nothing. Before the first transaction that announces it.
void listen(Store& store, std::string word, std::function<void()> heard);

}  // namespace patchbay::store
