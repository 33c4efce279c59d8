#include "texts.hpp"

#include <string_view>

namespace telegram {
namespace {

struct Text {
  const char* id;
  const char* words;
};

constexpr Text kTexts[] = {
    {"telegram.unauthorized", "Telegram does not accept the bot's token: it is wrong, or it was revoked"},
    {"telegram.unauthorized.remedy", "Ask @BotFather for the token (/token) and paste it here"},
    {"telegram.not_a_bot_api", "{address} is no Bot API server: it answered with status {status}"},
    {"telegram.not_a_bot_api.remedy", "Correct the address, or clear it to use https://api.telegram.org"},
    {"telegram.unreachable", "The Bot API at {address} cannot be reached: {why}"},
    {"telegram.unreachable.remedy", "Check the address, and that this server may reach it"},
    {"telegram.not_allowed", "The Bot API at {address} may not be called: {why}"},
    {"telegram.not_allowed.remedy", "Open the address in the configuration of the host (egress.allow)"},
    {"telegram.site_url_missing", "Webhooks need a public https address, and this installation has none"},
    {"telegram.site_url_missing.remedy", "Set site_url to an https address, or choose polling"},
    {"telegram.site_url_not_https", "Telegram calls https addresses only, and {address} is none"},
    {"telegram.site_url_not_https.remedy", "Set site_url to an https address, or choose polling"},
    {"telegram.port", "Telegram calls the ports 443, 80, 88 and 8443 only, and {address} has another"},
    {"telegram.port.remedy", "Use one of these ports in site_url, or choose polling"},
    {"telegram.foreign_webhook", "The messages of this bot go to {address}, which is not this installation"},
    {"telegram.foreign_webhook.remedy",
     "If you do not know that address, revoke the token at @BotFather. To move the bot here, take it over"},
    {"telegram.api_base", "{address} is no http or https address"},
    {"telegram.api_base.remedy", "Write it like https://api.telegram.org, without anything behind the path"},
    {"telegram.blocked", "The client has blocked the bot"},
    {"telegram.deactivated", "The client's Telegram account no longer exists"},
    {"telegram.kicked", "The bot was removed from the chat"},
    {"telegram.not_member", "The bot is not a member of the chat"},
    {"telegram.cannot_initiate", "The client has never written to the bot, so the bot may not write first"},
    {"telegram.no_rights", "The bot has no right to write this in the chat"},
    {"telegram.no_kind_rights", "The bot may write in the chat, but not send messages of this kind"},
    {"telegram.topic_closed", "The topic is closed"},
    {"telegram.denied", "Telegram does not allow this: {description}"},
    {"telegram.chat_not_found", "Telegram does not know this chat"},
    {"telegram.thread_not_found", "The topic of the message is gone"},
    {"telegram.file_too_big", "Telegram hands over files of at most 20 MB, and this one is bigger"},
    {"telegram.too_large", "The file is too large for Telegram, which takes 50 MB at most"},
    {"telegram.bad_request", "Telegram refused: {description}"},
    {"telegram.method_unknown", "The Bot API server does not know the method {method}; it may be too old"},
    {"telegram.conflict", "Somebody else asks for this bot's messages: {description}"},
    {"telegram.conflict.remedy",
     "Stop the other program that uses this token, or revoke the token at @BotFather"},
    {"telegram.rate_limited", "Telegram asks to wait {seconds} s"},
    {"telegram.unavailable", "Telegram is not available (status {status})"},
    {"telegram.outcome_unknown",
     "Telegram gave no clear answer (status {status}); the message may have been sent"},
    {"telegram.local_files",
     "The Bot API server keeps files on its own disk (local mode), where they cannot be fetched"},
    {"telegram.file_gone", "Telegram no longer has this file"},
    {"telegram.nothing_to_send", "The message is empty"},
    {"telegram.button_data", "The data of the button “{title}” is longer than 64 bytes"},
    {"telegram.not_json", "The update is not JSON"},
    {"telegram.delivery_problem.remedy",
     "Check that site_url leads here from the internet: certificate, firewall, proxy"},
    {"telegram.delivery_problem", "Telegram could not deliver to us: {description}"},
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

}  // namespace telegram
