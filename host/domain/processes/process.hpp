#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/id.hpp"
#include "domain/records/definition.hpp"
#include "domain/records/records.hpp"
#include "store/store.hpp"

namespace patchbay::domain::processes {

// What a process is given.
struct Parameter {
  std::string code;  // "ChatId"
  std::string type;  // text, number, boolean, datetime, id (as text)
  records::Title title;
  bool required = false;
};

// An automation that can be started (REC-3).
struct Process {
  std::string code;
  records::Title title;
  std::vector<std::string> tags;
  std::vector<Parameter> parameters;
  bool built_in = false;
  bool active = true;  // false: cannot be started; runs that wait go on
  std::string plugin;  // one of its integrations does it (pb.process/1); empty: none

  // Of those that call an address.
  Id id = 0;  // whose secret signs
  std::string url;
  // Of these and those of plugins.
  std::int64_t timeout_ms = 10'000;  // of one try; 1,000 to 120,000
  std::int64_t attempts = 8;         // tries at most; 1 to 20
  std::int64_t version = 0;
};

// One run, until and after its end.
struct Run {
  Id id = 0;
  std::string process;
  std::string state = "queued";  // queued, running, done, failed
  nlohmann::json parameters = nlohmann::json::object();
  nlohmann::json result;  // null: none
  std::string error;      // Text::kept: of the last try
  std::int64_t attempts = 0;
  std::int64_t not_before = 0;  // Unix milliseconds, here and below
  std::int64_t lease = 0;
  std::string started_by;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> finished_at;
};

// Which runs are wanted; empty: whichever.
struct RunFilter {
  std::string process;
  std::string state;
  std::string started_by;
};

// Who starts a process by himself, and what else he may.
struct Starter {
  Starter(records::Asker asker_, bool reads_chats_, bool writes_records_)
      : asker(std::move(asker_)), reads_chats(reads_chats_), writes_records(writes_records_) {}
  records::Asker asker;
  bool reads_chats;     // whichever
  bool writes_records;  // those that their object lets him
};

// A process of the host itself: `work` does all of it in one transaction, which also says that it is done.
// What it throws fails the run; Error{unavailable} lets it be tried again.
struct BuiltIn {
  Process process;
  std::function<nlohmann::json(store::Session&, const Run&)> work;
  // Throws for whom it would do what he may not do himself (Processes::start_run); empty: for nobody. The
  // parameters are checked.
  std::function<void(store::Session&, const Starter&, const nlohmann::json& parameters)> may;
};

nlohmann::json to_json(const Process& process);
// As to_json() makes it. Throws Error{invalid} "domain.refused" with a diagnostic for whatever cannot be.
Process read_process(const nlohmann::json& document);

// One of a plugin's manifest, which has been checked by its schema. It gets the parameter kIntegration.
Process read_plugin_process(const nlohmann::json& document, const std::string& plugin);
// Which of a plugin's integrations does it; needed where there are several.
constexpr const char* kIntegration = "Integration";

// The values that a run gets. Throws Error{invalid} with diagnostics at /parameters/<code>.
nlohmann::json checked_parameters(const Process& process, const nlohmann::json& given);

}  // namespace patchbay::domain::processes
