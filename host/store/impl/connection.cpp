#include "store/impl/connection.hpp"

#include "store/announcements.hpp"

#include <algorithm>

namespace patchbay::store {

Error unavailable(const std::string& reason) {
  Error error(Code::unavailable, Text("store.unavailable", {{"reason", reason}}));
  return error.retry_after(std::chrono::seconds(1));
}

Error failed(const std::string& reason, std::string_view sql) {
  return Error(Code::internal, Text("store.failed", {{"reason", reason}, {"sql", std::string(sql)}}));
}

Error constraint(const std::string& reason) {
  return Error(Code::conflict, Text("store.constraint", {{"reason", reason}}));
}

void Connection::announce(std::string_view word) {
  if (std::find(announced_.begin(), announced_.end(), word) == announced_.end()) announced_.push_back(word);
}

// Every session is one.
void announce(Session& session, std::string_view word) {
  static_cast<Connection&>(session).announce(word);
}

std::exception_ptr Connection::within_savepoint(const std::function<void(Session&)>& work) {
  exec("savepoint work", {});
  const auto announced = announced_.size();
  std::exception_ptr error;
  try {
    work(*this);
    if (lost_) std::rethrow_exception(lost_);
  } catch (const Repeat&) {
    throw;
  } catch (...) {
    error = std::current_exception();
  }
  if (error) {
    lost_ = nullptr;
    announced_.resize(std::min(announced, announced_.size()));
    exec("rollback to savepoint work", {});  // fails when the error has ended the transaction
  }
  exec("release savepoint work", {});
  return error;
}

}  // namespace patchbay::store
