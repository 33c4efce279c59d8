#pragma once

#include <string>

#include "using.hpp"

namespace whatsapp {

// "+4915112345678" of "4915112345678" or of itself; "" for anything else.
std::string phone_of(const std::string& text);

// Somebody on WhatsApp: by number, by business-scoped user id (people may hide their number), or both.
class Person {
 public:
  // Who wrote `message`; `contacts` are those of the same webhook.
  static Person author_of(const Json& message, const Json& contacts);
  // Whom a message of our own went to, or a status is about. `number`, `user_id`: the names of its fields.
  static Person receiver_of(const Json& item, const char* number, const char* user_id, const Json& contacts);

  // What the conversation is called: the number where it is known, else the user id; "" for nobody.
  const std::string& id() const { return phone.empty() ? user_id : phone; }
  // Both are known, so a chat by user id goes on as the one by number.
  bool is_known_twice() const { return !phone.empty() && !user_id.empty(); }
  // For events: what is known beside the id, and who that is.
  Json facts() const;
  Json author() const;

  std::string phone;
  std::string user_id;
  std::string parent_id;  // of the firm's portfolio
  std::string username;
  std::string name;

 private:
  void take(const std::string& address, const std::string& id);
  void complete(const Json& contacts);
};

}  // namespace whatsapp
