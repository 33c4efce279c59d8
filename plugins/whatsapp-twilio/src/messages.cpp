#include "messages.hpp"

#include <algorithm>
#include <charconv>

#include "api_error.hpp"
#include "outgoing.hpp"
#include "times.hpp"

namespace twilio {
namespace {

using patchbay::Error;
using patchbay::SendReply;
using patchbay::string_at;
using patchbay::Task;
using patchbay::Template;

constexpr std::int64_t kFileSeconds = 24 * 3600;  // a message may wait at Twilio for some hours
constexpr std::int64_t kFirstLookMs = 2'000;      // until the list shows what was just made
constexpr std::int64_t kClocksDifferMs = 5'000;
constexpr std::size_t kRemembered = 200;
constexpr int kMostPages = 20;

// Whether a message of the list says what the form says.
bool says_the_same(const Json& message, const Form& form) {
  const bool has_file = form.has("MediaUrl");
  const bool file_there = string_at(message, "num_media", "0") != "0";
  if (has_file != file_there) return false;
  // The words of a template are Twilio's work.
  return form.has("ContentSid") || string_at(message, "body") == form.text("Body");
}

// Without Twilio's time, which counts seconds only: an answer would come before the words that it answers.
SendReply reply_of(const Json& message) {
  std::vector<std::string> ids = {string_at(message, "sid")};
  return SendReply(std::move(ids));
}

// Some failures are known at once.
void refuse_failed(const Json& message) {
  const std::string status = string_at(message, "status");
  if (status != "failed" && status != "undelivered") return;
  const Json code = message.value("error_code", Json());
  throw failure_of_code(code.is_number_integer() ? code.get<int>() : 0, string_at(message, "error_message"));
}

// The words of the first kind of content that has some ("twilio/text", "twilio/quick-reply", ...).
std::string words_of(const Json& content) {
  const Json types = content.value("types", Json::object());
  for (const auto& [kind, shown] : types.items()) {
    for (const char* key : {"body", "title"}) {
      if (const std::string words = string_at(shown, key); !words.empty()) return words;
    }
  }
  return "";
}

Template template_of(const Json& content) {
  Template out(string_at(content, "sid"), string_at(content, "friendly_name"));
  out.language = string_at(content, "language");
  out.text = words_of(content);
  const Json variables = content.value("variables", Json::object());
  for (const auto& [name, example] : variables.items())
    out.variables.emplace_back(name, example.is_string() ? example.get<std::string>() : std::string());
  return out;
}

bool is_approved(const Json& content) {
  const Json approval = content.value("approval_requests", Json());
  return string_at(approval, "status") == "approved";
}

}  // namespace

Task<SendReply> Messages::send(Json request, std::string status_address) {
  std::optional<Form> form = outgoing(request, api_.account());
  if (!form) co_return SendReply({});
  const Json files = request.value("attachments", Json::array());
  if (!files.empty() && !form->has("ContentSid")) {
    std::string blob = string_at(files.at(0), "blob");
    std::string url = co_await host_.blob_publish(std::move(blob), kFileSeconds);
    form->add("MediaUrl", std::move(url));
  }
  form->add_if("StatusCallback", std::move(status_address));
  Form wanted = std::move(*form);
  const Json made = co_await make(std::move(wanted));
  remember(string_at(made, "sid"));
  refuse_failed(made);
  co_return reply_of(made);
}

Task<Json> Messages::make(Form form) {
  const std::int64_t began = host_.now();
  std::optional<Error> failed;
  try {
    std::string url = api_.resource("/Messages");
    Form attempt = form;
    Json made = co_await api_.post(std::move(url), std::move(attempt));
    if (!string_at(made, "sid").empty()) co_return made;
    failed = failure(PB_OUTCOME_UNKNOWN, "twilio.outcome_unknown", {{"status", 200}});
  } catch (const Error& error) {
    failed = error;
  }
  if (failed->code != PB_OUTCOME_UNKNOWN) throw std::move(*failed);
  std::optional<Json> found;
  try {
    co_await host_.sleep(kFirstLookMs);
    found = co_await find_again(std::move(form), began);
  } catch (const Error&) {
    throw std::move(*failed);
  }
  if (!found) throw std::move(*failed);
  co_return std::move(*found);
}

Task<std::optional<Json>> Messages::find_again(Form form, std::int64_t since) const {
  std::string url = api_.resource("/Messages") + "?PageSize=20&To=" + percent_encoded(form.text("To")) +
                    "&From=" + percent_encoded(form.text("From"));
  const Json page = co_await api_.get(std::move(url));
  for (const Json& each : page.value("messages", Json::array())) {
    const std::string sid = string_at(each, "sid");
    const auto at = parse_rfc2822(string_at(each, "date_created"));
    const bool fresh = at && *at + kClocksDifferMs >= since;
    const bool known = std::find(made_.begin(), made_.end(), sid) != made_.end();
    if (fresh && !known && says_the_same(each, form)) co_return std::optional<Json>(each);
  }
  co_return std::nullopt;
}

void Messages::remember(const std::string& sid) {
  made_.push_back(sid);
  if (made_.size() > kRemembered) made_.pop_front();
}

Task<std::vector<Template>> Messages::templates() const {
  std::vector<Template> out;
  std::string url = api_.content() + "/v1/ContentAndApprovals?PageSize=100";
  for (int page = 0; page < kMostPages && !url.empty(); ++page) {
    std::string next = url;
    const Json answer = co_await api_.get(std::move(next));
    for (const Json& each : answer.value("contents", Json::array())) {
      if (is_approved(each)) out.push_back(template_of(each));
    }
    const Json meta = answer.value("meta", Json::object());
    url = string_at(meta, "next_page_url");
    if (url.rfind(api_.content() + "/", 0) != 0) url.clear();
  }
  co_return out;
}

}  // namespace twilio
