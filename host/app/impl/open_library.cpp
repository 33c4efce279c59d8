#include "app/impl/open_library.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "app/impl/instances.hpp"

namespace patchbay::app {

namespace asio = boost::asio;

namespace {

constexpr Duration kStartLimit{5'000};
constexpr Duration kGrace{1'000};
constexpr int kAttempts = 3;  // a worker may have been killed by somebody else

asio::awaitable<void> open_and_end(port::Spawner& spawner, port::RemoteOptions options) {
  const auto port = co_await port::start_remote(spawner, std::move(options));
  co_await port->stop(kGrace);
}

}  // namespace

std::optional<Text> open_library(port::Spawner& spawner, Clock& clock, port::Rights rights,
                                 const plugin::Manifest& manifest) {
  for (int attempt = 1;; ++attempt) {
    asio::io_context io(1);
    const port::Expected expected(manifest.id, manifest.version, manifest.sdk);
    port::RemoteOptions options(worker_executable(), manifest.artefact, expected, io.get_executor(), clock);
    options.rights = rights;
    options.start_limit = kStartLimit;
    auto done = asio::co_spawn(io, open_and_end(spawner, std::move(options)), asio::use_future);
    io.run();
    try {
      done.get();
      return std::nullopt;
    } catch (const Error& error) {
      if (error.code() != Code::unavailable) return error.text();
      if (attempt == kAttempts) throw;
    }
  }
}

}  // namespace patchbay::app
