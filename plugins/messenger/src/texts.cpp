#include "texts.hpp"

#include <string_view>

namespace messenger {
namespace {

struct Text {
  const char* id;
  const char* words;
};

constexpr Text kTexts[] = {
    {"messenger.token_dead",
     "Facebook does not accept the token of the page any more: somebody has to sign in with Facebook again"},
    {"messenger.not_owner",
     "Another application has this conversation now; it can be answered here when that application hands it "
     "over"},
    {"messenger.window_closed",
     "Facebook lets a page write within 24 hours after the client last wrote, and these are over; the client "
     "has to write first"},
    {"messenger.week_closed",
     "Facebook lets people write within seven days after the client last wrote, and these are over; the "
     "client has to write first"},
    {"messenger.person_unavailable",
     "The client cannot be reached on Messenger: blocked, or the account is gone"},
    {"messenger.person_unknown", "Facebook does not know this client of the page"},
    {"messenger.gone", "Facebook does not have this any more, or does not show it to us"},
    {"messenger.tag_dead", "Facebook has ended the message tag that was used"},
    {"messenger.policy", "Facebook has blocked this for a breach of its rules: {description}"},
    {"messenger.callback_refused", "Meta could not confirm our address: {description}"},
    {"messenger.page_restricted",
     "Facebook has restricted the page for a while; see the notices in the page's settings"},
    {"messenger.rate_limited", "Facebook asks to wait {minutes} min"},
    {"messenger.permission", "Facebook does not allow this to the app: {description}"},
    {"messenger.refused", "Facebook refused: {description}"},
    {"messenger.unavailable", "Facebook is not available (status {status})"},
    {"messenger.outcome_unknown",
     "Facebook gave no clear answer (status {status}); the message may have been sent"},
    {"messenger.file_gone", "Facebook no longer has this file"},
    {"messenger.nothing_to_send", "The message is empty"},
    {"messenger.button_data", "The data of the button “{title}” is longer than 1000 bytes"},
    {"messenger.too_many_buttons", "Messenger shows {max} quick replies at most"},
    {"messenger.not_json", "The webhook is not JSON"},
    {"messenger.no_choices", "There are no choices for {path}"},
    {"messenger.no_step", "The set-up has no step {step}"},
    {"messenger.no_pages",
     "No public page was allowed on which you may write messages; sign in again and tick the pages"},
    {"messenger.no_such_pages", "None of these pages is allowed any more"},
    {"messenger.no_such_pages.remedy", "Begin again and choose from the pages that are listed"},
    {"messenger.permissions_missing", "Permissions were left out: {permissions}"},
    {"messenger.without_pages_show_list",
     "Without the permission pages_show_list the pages cannot be listed"},
    {"messenger.without_pages_show_list.remedy", "Sign in again and leave it switched on"},
    {"messenger.without_pages_messaging",
     "Without the permission pages_messaging no message can be read or sent"},
    {"messenger.without_pages_messaging.remedy", "Sign in again and leave it switched on"},
    {"messenger.without_pages_manage_metadata",
     "Without the permission pages_manage_metadata new messages do not arrive"},
    {"messenger.without_pages_manage_metadata.remedy", "Sign in again and leave it switched on"},
    {"messenger.page_gone", "The page is gone, or it does not belong to this sign-in"},
    {"messenger.page_gone.remedy", "Look at the page on Facebook, or sign in as somebody who manages it"},
    {"messenger.page_not_public", "The page is not published, so clients cannot write to it"},
    {"messenger.page_not_public.remedy", "Publish the page on Facebook"},
    {"messenger.site_url_missing", "Webhooks need a public https address, and this installation has none"},
    {"messenger.site_url_missing.remedy", "Set site_url to an https address"},
    {"messenger.site_url_not_https", "Meta calls https addresses only, and {address} is none"},
    {"messenger.site_url_not_https.remedy", "Set site_url to an https address"},
    {"messenger.foreign_callback",
     "The messages of this app go to {address}, which is not this installation"},
    {"messenger.foreign_callback.remedy",
     "An app has one address. Make an app of its own for this installation, or take the address over"},
};

std::string filled(std::string words, const Json& args) {
  for (const auto& [name, value] : args.items()) {
    const std::string place = "{" + name + "}";
    const std::string with = value.is_string() ? value.get<std::string>() : value.dump();
    for (std::size_t at = words.find(place); at != std::string::npos;
         at = words.find(place, at + with.size())) {
      words.replace(at, place.size(), with);
    }
  }
  return words;
}

}  // namespace

std::string english(const std::string& id, const Json& args) {
  for (const Text& text : kTexts) {
    if (id == text.id) return filled(text.words, args);
  }
  return id;
}

patchbay::Error failure(pb_code code, const std::string& id, const Json& args) {
  patchbay::Error error(code, english(id, args));
  error.with_text(id, args);
  return error;
}

patchbay::Diagnostic finding(const std::string& path, const std::string& id, const Json& args) {
  patchbay::Diagnostic diagnostic(path, english(id, args), english(id + ".remedy", args));
  diagnostic.with_text(id, args);
  return diagnostic;
}

Json all_texts() {
  Json out = Json::object();
  for (const Text& text : kTexts) out[text.id] = text.words;
  return out;
}

}  // namespace messenger
