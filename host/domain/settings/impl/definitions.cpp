#include "domain/settings/definition.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "domain/records/phone.hpp"
#include "net/egress.hpp"

namespace patchbay::domain::settings {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 6> kTypes = {"text", "number", "yes_no", "secret", "file", "lookup"};
constexpr const char* kAdministration = "CanManageAdministration";
constexpr const char* kChats = "CanManageChats";
constexpr std::int64_t kLongestAddress = 500;
constexpr std::int64_t kLongestName = 200;
constexpr std::int64_t kLongestSecret = 4000;

// `words`: of its texts, "domain.settings.<words>" and "domain.settings.<words>_about".
Definition define(const char* code, const std::string& words, Type type, const char* manager) {
  const auto id = "domain.settings." + words;
  Definition out;
  out.code = code;
  out.title = Text(id);
  out.about = Text(id + "_about");
  out.type = type;
  out.manager = manager;
  return out;
}

struct Bounds {
  Bounds(std::int64_t least_, std::int64_t most_) : least(least_), most(most_) {}
  std::int64_t least;
  std::int64_t most;
};

Definition number(Definition out, std::int64_t standard, Bounds bounds) {
  out.standard = standard;
  out.least = bounds.least;
  out.most = bounds.most;
  return out;
}

Definition text(const char* code, const std::string& words, const char* standard, std::int64_t most) {
  auto out = define(code, words, Type::text, kAdministration);
  out.standard = standard;
  out.most = most;
  return out;
}

Definition address(const char* code, const std::string& words) {
  auto out = text(code, words, "", kLongestAddress);
  out.is_address = true;
  return out;
}

Definition for_administrators(Definition out) {
  out.reader = kAdministration;
  return out;
}

Definition client_secret() {
  auto out = define("IdentityServerClientSecret", "identity_server_secret", Type::secret, kAdministration);
  out.least = 1;
  out.most = kLongestSecret;
  return for_administrators(std::move(out));
}

Definition sound() {
  auto out = define("OmniChatNotificationSound", "sound", Type::file, kChats);
  out.is_audio = true;
  out.for_everybody = true;
  return out;
}

Definition yes_no(Definition out, bool standard) {
  out.standard = standard;
  return out;
}

Definition home_country() {
  auto out = text("HomeCountry", "home_country", "", 2);
  out.is_country = true;
  return out;
}

Definition links_users() {
  auto out = define("IdentityServerLinksUsers", "identity_server_links", Type::yes_no, kAdministration);
  out.standard = false;
  return for_administrators(std::move(out));
}

Definition language() {
  auto out = define("DefaultLanguage", "language", Type::lookup, kAdministration);
  out.standard = "en";
  out.choices = {Choice("en", Text::verbatim("English")), Choice("ru", Text::verbatim("Русский"))};
  return out;
}

Text range(const char* id, const Definition& of) {
  return Text(id, {{"min", std::to_string(of.least)}, {"max", std::to_string(of.most)}});
}

bool is_address(const std::string& value) {
  const auto url = net::parse_url(value);
  return url && value.find_first_of("?#") == std::string::npos;
}

}  // namespace

std::string_view type_name(Type type) {
  return kTypes.at(static_cast<std::size_t>(type));
}

std::optional<Type> find_type(std::string_view name) {
  const auto found = std::find(kTypes.begin(), kTypes.end(), name);
  if (found == kTypes.end()) return std::nullopt;
  return static_cast<Type>(found - kTypes.begin());
}

const std::vector<Definition>& definitions() {
  static const auto* all = [] {
    auto* made = new std::vector<Definition>{
        text("ContactGroupName", "contact_group", "Patchbay", kLongestName),
        language(),
        text("EmailProcessTag", "email_process_tag", "Email Process", kLongestName),
        home_country(),
        for_administrators(yes_no(
            define("IdentityServerAddsUsers", "identity_server_adds", Type::yes_no, kAdministration), true)),
        for_administrators(text("IdentityServerClientId", "identity_server_client", "", kLongestName)),
        client_secret(),
        links_users(),
        for_administrators(text("IdentityServerRolesClaim", "identity_server_roles", "roles", kLongestName)),
        for_administrators(
            text("IdentityServerScopes", "identity_server_scopes", "openid profile email", kLongestName)),
        for_administrators(address("IdentityServerUrl", "identity_server_url")),
        number(define("MailboxSyncInterval", "mailbox_interval", Type::number, kAdministration), 5,
               Bounds(1, 24 * 60)),
        number(define("MaxFileSize", "max_file_size", Type::number, kAdministration), 10, Bounds(1, 100)),
        yes_no(define("OmniChatCreateContact", "create_contact", Type::yes_no, kChats), true),
        sound(),
        number(define("OmniChatOperatorAcceptChatTimeout", "accept_timeout", Type::number, kChats), 5,
               Bounds(1, 24 * 60)),
        number(define("SimultaneousChats", "simultaneous_chats", Type::number, kChats), 5, Bounds(1, 1000)),
        address("SiteUrl", "site_url"),
    };
    return made;
  }();
  return *all;
}

std::optional<Text> refusal(const Definition& definition, const json& value) {
  switch (definition.type) {
    case Type::number:
      if (value.is_number_integer() && value >= definition.least && value <= definition.most) break;
      return range("domain.settings.number", definition);
    case Type::yes_no:
      if (value.is_boolean()) break;
      return Text("domain.settings.yes_no");
    case Type::text:
    case Type::secret: {
      const auto length = value.is_string()
                              ? static_cast<std::int64_t>(utf16_length(value.get_ref<const std::string&>()))
                              : -1;
      if (length < definition.least || length > definition.most)
        return range("domain.settings.text", definition);
      if (definition.is_address && length > 0 && !is_address(value.get<std::string>()))
        return Text("domain.settings.address");
      if (definition.is_country && length > 0 && !records::dialling_in(value.get<std::string>()))
        return Text("domain.settings.country");
      break;
    }
    case Type::lookup: {
      std::string known;
      for (const auto& choice : definition.choices) {
        if (value == choice.value) return std::nullopt;
        known += (known.empty() ? "" : ", ") + choice.value;
      }
      return Text("domain.settings.lookup", {{"known", known}});
    }
    case Type::file:
      return Text("domain.settings.upload", {{"code", definition.code}});
  }
  return std::nullopt;
}

}  // namespace patchbay::domain::settings
