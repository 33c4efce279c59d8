#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "domain/processes/process.hpp"
#include "net/http.hpp"

namespace patchbay::domain::processes {

// The signed POST of a run's try.
net::HttpRequest request_of(const Process& process, const Run& run, const std::vector<std::string>& secrets,
                            TimePoint now);

enum class Outcome { done, again, failed };
// 2xx is done; 408, 425, 429 and 5xx may pass; anything else is the receiver's no.
Outcome judge(int status);
Outcome judge(Code code);
// Of a plugin's reply.
nlohmann::json result_of(const std::string& reply);
// JSON where the body is that, else text.
nlohmann::json result_of(const net::HttpResponse& response);

}  // namespace patchbay::domain::processes
