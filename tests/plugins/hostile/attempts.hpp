#pragma once

#include <functional>
#include <map>
#include <string>

namespace hostile {

// Tries one way out; the error number that the kernel answered, 0 when it went through. Where going through
// would do harm the arguments are wrong, so that a kernel that looks at them at all answers neither EPERM,
// EACCES nor ENOSYS.
using Attempt = std::function<int(const std::string& file)>;

const std::map<std::string, Attempt>& attempts();

}  // namespace hostile
