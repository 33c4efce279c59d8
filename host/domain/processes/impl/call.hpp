#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "domain/processes/process.hpp"
#include "net/http.hpp"

namespace patchbay::domain::processes {

// "whsec_..." with 32 random bytes.
std::string make_secret();

// The value of webhook-signature: one for each secret (Standard Webhooks, "Signature scheme",
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
std::string signature(const std::vector<std::string>& secrets, const std::string& id, std::int64_t seconds,
                      const std::string& body);

// The signed POST of a run's try.
net::HttpRequest request_of(const Process& process, const Run& run, const std::vector<std::string>& secrets,
                            TimePoint now);

enum class Outcome { done, again, failed };
// 2xx is done; 408, 425, 429 and 5xx may pass; anything else is the receiver's no.
Outcome judge(int status);
// Retry-After in seconds, an hour at most; nothing where there is none.
std::optional<Duration> asked_wait(const net::HttpResponse& response);
// JSON where the body is that, else text.
nlohmann::json result_of(const net::HttpResponse& response);

}  // namespace patchbay::domain::processes
