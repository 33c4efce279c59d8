#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"
#include "domain/processes/process.hpp"
#include "store/store.hpp"

namespace patchbay::domain::processes {

// The tables of processes and their runs, in the caller's transaction.
class RunTable {
 public:
  explicit RunTable(store::Session& session) : session_(session) {}

  std::vector<Process> processes();
  std::optional<Process> process(const std::string& code);
  // Nobody else changes or shares it until the transaction ends; it is not removed until then.
  std::optional<Process> hold_process(const std::string& code);
  std::optional<Process> share_process(const std::string& code);
  // False: there is one with that code.
  bool insert(const Process& process);
  // False: it is another version by now.
  bool update(const Process& process, std::int64_t former);
  void remove_process(const std::string& code);

  void insert(const Run& run);
  std::optional<Run> find(Id run);
  // By id, the newest first, before `before`.
  std::vector<Run> list(const RunFilter& filter, Id before, std::size_t limit);
  // Something is due, or was left behind.
  bool has_work(std::int64_t now);
  // Those that are due, which nobody else takes until the transaction ends.
  std::vector<Run> hold_due(std::int64_t now, std::size_t most);
  // One that is queued; nothing when somebody else has it.
  std::optional<Run> hold_queued(Id run);
  void lease(const Run& run, std::int64_t until);
  // Of hosts that are gone: they are queued again.
  void take_back(std::int64_t now);
  // The outcome of a try. False: the lease is another one by now.
  bool settle(const Run& run);
  // False: it has not failed.
  bool queue_again(Id run, std::int64_t now);
  bool has_open(const std::string& process);
  // Of those that ended before `until`, at most `most`; returns how many there were.
  std::int64_t sweep(std::int64_t until, std::int64_t most);

 private:
  store::Session& session_;
};

}  // namespace patchbay::domain::processes
