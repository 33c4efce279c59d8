#include "person.hpp"

#include <algorithm>

namespace whatsapp {
namespace {

constexpr std::size_t kLongestNumber = 15;  // E.164
constexpr std::size_t kShortestNumber = 5;

void fill(std::string& empty, const std::string& from) {
  if (empty.empty()) empty = from;
}

}  // namespace

std::string phone_of(const std::string& text) {
  const std::string digits = text.rfind('+', 0) == 0 ? text.substr(1) : text;
  const bool all = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  return all && digits.size() >= kShortestNumber && digits.size() <= kLongestNumber ? "+" + digits : "";
}

void Person::take(const std::string& address, const std::string& id) {
  phone = phone_of(address);
  user_id = id;
  if (phone.empty()) fill(user_id, address);
}

// The contact that is the same person; the only one, where a hidden number leaves nothing to compare.
void Person::complete(const Json& contacts) {
  if (!contacts.is_array()) return;
  for (const Json& each : contacts) {
    const std::string number = phone_of(text_of(each, "wa_id"));
    const std::string id = text_of(each, "user_id");
    const bool same = (!number.empty() && number == phone) || (!id.empty() && id == user_id) ||
                      (contacts.size() == 1 && this->id().empty());
    if (!same) continue;
    fill(phone, number);
    fill(user_id, id);
    fill(parent_id, text_of(each, "parent_user_id"));
    fill(name, text_of(member(each, "profile"), "name"));
    fill(username, text_of(member(each, "profile"), "username"));
  }
}

Person Person::author_of(const Json& message, const Json& contacts) {
  Person out;
  out.take(text_of(message, "from"), text_of(message, "from_user_id"));
  out.parent_id = text_of(message, "from_parent_user_id");
  out.complete(contacts);
  return out;
}

Person Person::receiver_of(const Json& item, const char* number, const char* user_id, const Json& contacts) {
  Person out;
  out.take(text_of(item, number), text_of(item, user_id));
  out.complete(contacts);
  return out;
}

Json Person::facts() const {
  Json out = Json::object();
  put(out, "phone", phone);
  put(out, "user_id", user_id);
  put(out, "parent_user_id", parent_id);
  put(out, "username", username);
  return out;
}

Json Person::author() const {
  Json out = {{"id", id()}, {"is_bot", false}};
  put(out, "name", name);
  put(out, "phone", phone);
  put(out, "username", username);
  return out;
}

}  // namespace whatsapp
