#include "dialect.hpp"

#include <algorithm>

namespace whatsapp {
namespace {

using meta::Known;

constexpr std::int64_t kAny = Known::kAny;
constexpr std::int64_t kSecondMs = 1000;

meta::Dialect made() {
  meta::Dialect out("whatsapp",
                    {
                        {100, 33, PB_NOT_FOUND, "gone"},
                        {368, kAny, PB_INVALID, "policy"},
                        {2200, kAny, PB_INVALID, "callback_refused"},
                        {130429, kAny, PB_RATE_LIMITED, "number_limited", "integration", 5 * kSecondMs},
                        {130472, kAny, PB_INVALID, "experiment"},
                        {131000, kAny, PB_UNAVAILABLE, "passing"},
                        {131005, kAny, PB_INVALID, "permission"},
                        {131016, kAny, PB_UNAVAILABLE, "passing"},
                        {131026, kAny, PB_DENIED, "undeliverable"},
                        {131030, kAny, PB_INVALID, "allow_list"},
                        {131031, kAny, PB_INVALID, "account_locked"},
                        {131037, kAny, PB_INVALID, "name_not_approved"},
                        {131042, kAny, PB_INVALID, "payment"},
                        {131045, kAny, PB_INVALID, "not_registered"},
                        {131047, kAny, PB_INVALID, "window_closed"},
                        {131048, kAny, PB_RATE_LIMITED, "spam_limited", "integration", 900 * kSecondMs},
                        {131049, kAny, PB_INVALID, "ecosystem"},
                        {131050, kAny, PB_INVALID, "marketing_stopped"},
                        {131051, kAny, PB_INVALID, "type_refused"},
                        {131052, kAny, PB_INVALID, "media_not_had"},
                        {131053, kAny, PB_INVALID, "media_refused"},
                        {131056, kAny, PB_RATE_LIMITED, "pair_limited", "conversation", 6 * kSecondMs},
                        {131057, kAny, PB_UNAVAILABLE, "passing"},
                        {131062, kAny, PB_INVALID, "user_id_refused"},
                        {132000, kAny, PB_INVALID, "template_values"},
                        {132001, kAny, PB_INVALID, "template_unknown"},
                        {132005, kAny, PB_INVALID, "template_long"},
                        {132007, kAny, PB_INVALID, "template_policy"},
                        {132012, kAny, PB_INVALID, "template_values"},
                        {132015, kAny, PB_INVALID, "template_paused"},
                        {132016, kAny, PB_INVALID, "template_paused"},
                        {133010, kAny, PB_INVALID, "not_registered"},
                        {135000, kAny, PB_UNAVAILABLE, "passing"},
                    });
  out.limit_scope = "integration";  // each integration has the token of an app of its own
  return out;
}

const Known* find(std::int64_t code) {
  const auto& all = dialect().known;
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const Known& each) { return each.code == code && each.subcode == kAny; });
  return found == all.end() ? nullptr : &*found;
}

const Json& first_of(const Json& errors) {
  return errors.is_array() && !errors.empty() ? errors.front() : member(Json(), "");
}

// The longest words that Meta gives.
std::string description_of(const Json& error) {
  std::string words = text_of(member(error, "error_data"), "details");
  if (words.empty()) words = text_of(error, "message");
  if (words.empty()) words = text_of(error, "title");
  return meta::harmless(words);
}

}  // namespace

const meta::Dialect& dialect() {
  static const meta::Dialect* const value = new meta::Dialect(made());
  return *value;
}

Json reason_of(const Json& errors) {
  const Json& error = first_of(errors);
  const std::int64_t code = number_of(error, "code").value_or(0);
  const Known* const known = find(code);
  const std::string id = known      ? std::string("whatsapp.") + known->id
                         : code > 0 ? "whatsapp.refused"
                                    : "whatsapp.failed";
  const std::int64_t pause = known ? known->pause_ms : 0;
  const Json args = {{"code", std::to_string(code)},
                     {"description", description_of(error)},
                     {"minutes", std::max<std::int64_t>(1, pause / (60 * kSecondMs))}};
  Json reason = in_all_languages(id, args);
  if (!is_text(id + ".remedy")) return reason;
  const Json cure = in_all_languages(id + ".remedy", args);
  for (auto& [language, said] : reason.items())
    said = said.get<std::string>() + ". " + cure.value(language, "");
  return reason;
}

bool is_person_out_of_reach(const Json& errors) {
  const Known* const known = find(number_of(first_of(errors), "code").value_or(0));
  return known && known->means == PB_DENIED;
}

}  // namespace whatsapp
