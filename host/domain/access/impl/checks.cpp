#include "domain/access/impl/checks.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "schema/nearest.hpp"
#include "schema/schema.hpp"

namespace patchbay::domain::access {
namespace {

constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxLogin = 100;
constexpr std::size_t kMaxEmail = 254;  // RFC 5321, 4.5.3.1.3

using Findings = std::vector<Diagnostic>;

bool has_only(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
  });
}

std::string lower(std::string text) {
  for (auto& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Without spaces at its ends.
std::string trimmed(const std::string& text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpaces);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

std::string checked_name(const std::string& given, Findings& findings) {
  auto name = trimmed(repair_utf8(given));
  if (name.empty() || utf16_length(name) > kMaxName)
    findings.emplace_back("/name", Text("domain.name", {{"max", std::to_string(kMaxName)}}));
  return name;
}

std::string checked_login(const std::string& given, Findings& findings) {
  auto login = as_login(given);
  if (!is_login(login))
    findings.emplace_back("/login", Text("domain.access.login", {{"max", std::to_string(kMaxLogin)}}));
  return login;
}

std::optional<std::string> checked_email(const std::string& given, Findings& findings) {
  const auto email = trimmed(repair_utf8(given));
  if (email.empty()) return std::nullopt;
  if (!is_email(email))
    findings.emplace_back("/email", Text("domain.access.email", {{"email", email.substr(0, kMaxEmail)}}));
  return email;
}

std::string checked_language(const std::string& given, Findings& findings) {
  const auto known = languages();
  if (std::find(known.begin(), known.end(), given) == known.end()) {
    std::string all;
    for (const auto& one : known) all += (all.empty() ? "" : ", ") + one;
    findings.emplace_back("/language", Text("domain.language", {{"known", all}}));
  }
  return given;
}

std::vector<std::string> checked_operations(std::vector<std::string> given, Findings& findings) {
  std::vector<std::string> known;
  for (const auto& one : operations()) known.emplace_back(one.code);
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (std::find(known.begin(), known.end(), given[i]) != known.end()) continue;
    const auto near = schema::nearest(given[i], known);
    findings.emplace_back("/operations/" + std::to_string(i),
                          Text(near.empty() ? "domain.access.operation" : "domain.access.operation_nearest",
                               {{"code", given[i]}, {"nearest", near}}));
  }
  std::sort(given.begin(), given.end());
  given.erase(std::unique(given.begin(), given.end()), given.end());
  return given;
}

}  // namespace

std::string as_login(const std::string& given) {
  return lower(trimmed(given));
}

bool is_login(const std::string& login) {
  return !login.empty() && login.size() <= kMaxLogin && has_only(login, "._@+-");
}

bool is_email(const std::string& email) {
  const auto at = email.rfind('@');
  return at != email.npos && at != 0 && at + 1 != email.size() && email.size() <= kMaxEmail &&
         email.find_first_of(" \t\r\n<>,;") == email.npos;
}

User require_user(People& people, Id id) {
  if (auto found = people.user(id)) return std::move(*found);
  throw Error(Code::not_found, Text("domain.access.no_user", {{"id", to_string_id(id)}}));
}

Role require_role(People& people, Id id) {
  if (auto found = people.role(id)) return std::move(*found);
  throw Error(Code::not_found, Text("domain.access.no_role", {{"id", to_string_id(id)}}));
}

void apply(const UserChange& change, User& user) {
  Findings findings;
  if (change.login) user.login = checked_login(*change.login, findings);
  if (change.name) user.name = checked_name(*change.name, findings);
  if (change.email) user.email = checked_email(*change.email, findings);
  if (change.language) user.language = checked_language(*change.language, findings);
  if (change.active) user.active = *change.active;
  if (change.operations) user.operations = checked_operations(*change.operations, findings);
  schema::throw_if_any(std::move(findings), Text("domain.refused"));
}

void apply(const RoleChange& change, Role& role) {
  Findings findings;
  if (change.name) role.name = checked_name(*change.name, findings);
  if (change.kind) {
    if (*change.kind != "organisational" && *change.kind != "functional")
      findings.emplace_back("/kind", Text("domain.access.kind"));
    role.kind = *change.kind;
  }
  if (change.parent) role.parent = *change.parent == 0 ? std::nullopt : change.parent;
  if (change.operations) role.operations = checked_operations(*change.operations, findings);
  schema::throw_if_any(std::move(findings), Text("domain.refused"));
}

}  // namespace patchbay::domain::access
