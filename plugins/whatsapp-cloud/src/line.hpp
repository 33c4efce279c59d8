#pragma once

#include <string>
#include <utility>
#include <vector>

#include <patchbay/plugin.hpp>

#include "meta/graph.hpp"
#include "using.hpp"

namespace whatsapp {

// What Meta says of a number.
struct LineState {
  LineState() = default;
  explicit LineState(const Json& node);
  // "" when all is well; else the text that says what is not, with {state} or nothing to fill in.
  std::string trouble() const;
  // Where its messages go: the number's own address, else the account's, else the app's. "": nowhere.
  std::string callback() const;

  std::string number;   // as people write it
  std::string name;     // verified by Meta
  std::string state;    // CONNECTED, PENDING, FLAGGED, RESTRICTED, BANNED, ...; "" when it is not told
  std::string quality;  // GREEN, YELLOW, RED, UNKNOWN
  std::string of_number;
  std::string of_account;
  std::string of_app;
};

// The number of an integration at Meta: which it is, and calls about it. On the instance's strand. Calls
// throw what meta::Graph throws.
class Line {
 public:
  explicit Line(const patchbay::Host& host);

  // The settings, of an integration or of a draft. The account's app is unknown then.
  void use(const Json& settings);

  const meta::Graph& graph() const { return graph_; }
  const std::string& phone() const { return phone_; }      // its id at Meta
  const std::string& account() const { return account_; }  // of WhatsApp Business
  std::string identity() const { return "number:" + phone_; }

  // Asks which app the token belongs to, once: calls as the app need its id.
  patchbay::Task<void> know_app();
  // What the token is good for (debug_token).
  patchbay::Task<Json> about_token() const;
  patchbay::Task<LineState> ask();
  // The ids of the account's numbers.
  patchbay::Task<std::vector<std::string>> numbers() const;
  patchbay::Task<std::vector<patchbay::Template>> templates() const;
  // Brings a file of a message here. `file`: as content_of() made it.
  patchbay::Task<patchbay::FileReply> fetch(Json file) const;

  // From the last ask().
  const LineState& state() const { return state_; }

 private:
  // All entries of a list, page by page.
  patchbay::Task<Json> all_of(std::string path, std::string fields) const;

  meta::Graph graph_;
  std::string phone_;
  std::string account_;
  LineState state_;
};

}  // namespace whatsapp
