#pragma once

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/exit_code.hpp"

namespace patchbay::cli {

enum class State { ok, warning, fault };

// What doctor looked at, how it is, and what to do about it.
class Findings {
 public:
  void add(const char* check, State state, const Text& text) {
    static constexpr const char* kNames[] = {"ok", "warning", "fault"};
    rows_.push_back(
        {{"check", check}, {"state", kNames[static_cast<int>(state)]}, {"finding", text.in(language())}});
    faulty_ = faulty_ || state == State::fault;
  }
  void ok(const char* check, const Text& text) { add(check, State::ok, text); }
  // What throws is a fault.
  template <class F>
  void look(const char* check, F look) {
    try {
      look();
    } catch (const Error& error) {
      add(check, State::fault, error.text());
    } catch (const std::exception& error) {
      add(check, State::fault, Text::verbatim(error.what()));
    }
  }

  const nlohmann::json& rows() const { return rows_; }
  bool faulty() const { return faulty_; }

 private:
  nlohmann::json rows_ = nlohmann::json::array();
  bool faulty_ = false;
};

}  // namespace patchbay::cli
