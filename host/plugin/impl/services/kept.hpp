#pragma once

#include <mutex>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "base/throttle.hpp"

#include "plugin/impl/services/acted.hpp"
#include "plugin/impl/services/http_stream.hpp"
#include "plugin/impl/services/idle_table.hpp"
#include "plugin/impl/services/placeholders.hpp"
#include "plugin/services.hpp"

namespace patchbay::plugin {

// The secrets that an instance has used, so that not every request asks the database and the redactor knows
// them while the instance lives; and what it has done outside. Any thread.
struct InstanceContext::Kept {
  Kept(log::Redactor& redactor_, Clock& clock_, const boost::asio::any_io_executor& executor);
  ~Kept();
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  SecretValues find(const SecretNames& names) const;
  void keep(const SecretValues& values);
  // Another value has been stored.
  void forget(const std::string& name);
  // In place of the present value, if that is another one.
  void renew(const std::string& name, const std::string& value);

  // A line of the plugin's doing: only so many a second are written, and how many were not is said.
  void say(const log::Logger& to, log::Level level, std::string_view text, log::Fields fields = {});

  // What it has open lasts no longer than the instance, which may be made anew with the same context.
  void end_open();

  ActedLog acted;
  const std::shared_ptr<IdleTable<net::HttpSession>> sessions;  // by the plugin's name
  const std::shared_ptr<IdleTable<HttpStream>> streams;         // by id

 private:
  static constexpr int kLinesPerSecond = 200;

  log::Redactor& redactor;
  const Clock& clock;
  Throttle lines{kLinesPerSecond};
  mutable std::mutex mutex;
  SecretValues secrets;
};

// Throws Error{unauthenticated} "plugin.secret_missing" when one is not set.
boost::asio::awaitable<SecretValues> secret_values(Services::Parts parts,
                                                   std::shared_ptr<InstanceContext> context,
                                                   SecretNames names);

}  // namespace patchbay::plugin
