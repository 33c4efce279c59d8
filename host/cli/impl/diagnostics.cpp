#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/utf8.hpp"
#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/impl/command.hpp"
#include "cli/impl/doctor.hpp"
#include "cli/impl/table.hpp"

namespace patchbay::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::streamoff kLogTail = 512 << 10;

// What each list may show: what people or providers wrote, settings and addresses of clients stay out.
struct Part {
  const char* name;
  const char* path;
  std::vector<const char*> fields;
};

const std::vector<Part>& parts() {
  static const auto* all = new std::vector<Part>{
      {"plugins", "/api/v1/plugins", {"id", "version", "state", "reason", "signed_by"}},
      {"integrations",
       "/api/v1/integrations",
       {"id", "plugin", "version", "state", "reason", "notice", "created_at", "updated_at"}},
      {"health", "/api/v1/health", {}},
      {"hosts", "/api/v1/hosts", {}},
      {"jobs",
       "/api/v1/jobs",
       {"id", "integration", "plugin", "name", "schedule", "state", "due_at", "checkpoint_at", "failures",
        "last_run"}},
      {"dead_letters",
       "/api/v1/inbox?state=dead&limit=100",
       {"id", "integration", "plugin", "route", "reason", "attempts", "received_at"}},
      {"waiting",
       "/api/v1/inbox?state=new&limit=100",
       {"id", "integration", "plugin", "route", "reason", "attempts", "received_at"}},
  };
  return *all;
}

json picked(const json& items, const std::vector<const char*>& fields) {
  if (fields.empty()) return items;
  json out = json::array();
  for (const auto& item : items) {
    json one;
    for (const auto* field : fields) {
      if (item.contains(field)) one[field] = item.at(field);
    }
    out.push_back(std::move(one));
  }
  return out;
}

// Whole lines of the end; secrets were taken out when they were written.
std::string tail_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  const auto size = static_cast<std::streamoff>(in.tellg());
  in.seekg(std::max<std::streamoff>(size - kLogTail, 0));
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (size > kLogTail) text.erase(0, text.find('\n') + 1);
  return repair_utf8(text);
}

json collect(const config::Config& config) {
  json out = {{"made_at", to_rfc3339(SystemClock().now())}, {"version", PB_VERSION}};
  out["doctor"] = look_at_everything(config).first;
  out["store"] = config.store_url.substr(0, config.store_url.find(':'));
  try {
    ApiClient api(config);
    for (const auto& part : parts()) {
      const bool is_whole = std::string_view(part.path).find('?') == std::string_view::npos;
      const auto items = is_whole ? api.all(part.path) : api.get(part.path).at("items");
      out[part.name] = picked(items, part.fields);
    }
  } catch (const Error& error) {
    out["host"] = error.what();
  }
  out["log"] = tail_of(config.log_file);
  return out;
}

void write(const fs::path& file, const std::string& text) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0 && errno == EEXIST)
    throw Error(Code::conflict, Text("cli.file_exists", {{"file", file.string()}}));
  const bool done = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const auto reason = std::generic_category().message(errno);
  if (fd >= 0) ::close(fd);
  if (!done)
    throw Error(Code::invalid, Text("cli.file_unwritten", {{"file", file.string()}, {"reason", reason}}));
}

}  // namespace

void add_diagnostics(Commands commands) {
  const auto file = std::make_shared<fs::path>();
  auto* command = commands.app.add_subcommand(
      "diagnostics",
      "Write what helps to find a fault into one file, without secrets, settings and messages");
  command->footer("Example: patchbay diagnostics fault.json --config patchbay.json");
  command->add_option("FILE", *file, "A new file")->required();
  add_common(*command, commands.context);
  command->callback([commands, file] {
    commands.run = [&context = commands.context, file] {
      const auto text = collect(context.config()).dump(2, ' ', false, json::error_handler_t::replace);
      write(*file, text);
      if (context.json) print_object({{"file", file->string()}, {"bytes", text.size()}}, true);
      return static_cast<int>(kDone);
    };
  });
}

}  // namespace patchbay::cli
