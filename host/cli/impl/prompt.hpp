#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "schema/vocabulary.hpp"

namespace patchbay::cli {

// A value and what it is called.
using Options = std::vector<std::pair<nlohmann::json, std::string>>;

// Asks on standard output, reads from standard input; a secret is not shown on a terminal. Throws
// Error{invalid} "cli.input_ended" when there is nothing more to read.

// The number of one of `options`, from 0; `title` stands above them.
std::size_t ask_which(const std::string& title, const Options& options);
// As typed, with spaces at its ends.
std::string ask_secret(const Text& title);
// One field of a form; null for one that is left empty. `present` is taken for an empty answer. Asks again
// until the answer has the form of the field.
nlohmann::json ask_field(const schema::Field& field, const Options& choices, const nlohmann::json& present);
struct Answering {
  // The choices of a field that the remote side knows, by what has been filled in so far.
  std::function<Options(const std::string& pointer, const nlohmann::json& so_far)> choices;
  // Called after each answer. May be empty.
  std::function<void(const nlohmann::json& so_far)> answered = {};
  // Secrets that are set already, by pointer: an empty answer leaves them.
  std::set<std::string> set = {};
};
// Every field of the form that is asked for, as far as `value` does not tell already something else than its
// default; laid into `value`. How many were asked.
std::size_t ask_form(const nlohmann::json& form, nlohmann::json& value, const Answering& answering);

}  // namespace patchbay::cli
