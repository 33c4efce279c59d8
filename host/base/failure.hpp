#pragma once

#include <exception>
#include <string>

namespace patchbay {

// What a task throws when it is asked to end: it goes on its way, whoever else is caught.
bool is_cancellation(const std::exception& error);

// The words of an exception as they are kept in a row (Text::kept).
std::string kept_of(const std::exception& error);

// The words of an exception, for a log.
std::string words_of(const std::exception_ptr& error);

}  // namespace patchbay
