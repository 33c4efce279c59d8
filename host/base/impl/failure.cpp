#include "base/failure.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "base/error.hpp"

namespace patchbay {

bool is_cancellation(const std::exception& error) {
  const auto* failure = dynamic_cast<const boost::system::system_error*>(&error);
  return failure != nullptr && failure->code() == boost::asio::error::operation_aborted;
}

std::string kept_of(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  return known != nullptr ? known->kept() : error.what();
}

std::string words_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& failure) {
    return failure.what();
  } catch (...) {
    return "unknown";
  }
}

}  // namespace patchbay
