#include "store/impl/connection.hpp"

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

std::exception_ptr Connection::within_savepoint(const std::function<void(Session&)>& work) {
  exec("savepoint work", {});
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
    exec("rollback to savepoint work", {});  // fails when the error has ended the transaction
  }
  exec("release savepoint work", {});
  return error;
}

}  // namespace patchbay::store
