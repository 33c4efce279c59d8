#pragma once

#include <string>
#include <utility>

namespace patchbay::store {

// Who does something, and from where, for the audit log (ACC-5).
struct Actor {
  Actor() = default;
  Actor(std::string name_, std::string address_ = {})
      : name(std::move(name_)), address(std::move(address_)) {}
  Actor(const char* name_) : name(name_) {}

  std::string name;     // "user:<login>", "token:<name>", "plugin:<id>"
  std::string address;  // of the client; empty: it happened on this machine
};

}  // namespace patchbay::store
