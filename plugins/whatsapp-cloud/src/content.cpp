#include "content.hpp"

#include <patchbay/files.hpp>

namespace whatsapp {
namespace {

constexpr const char* kMedia[] = {"image", "audio", "video", "document", "sticker"};

bool is_media(const std::string& type) {
  for (const char* each : kMedia) {
    if (type == each) return true;
  }
  return false;
}

// Webhooks tell names of documents only. The last characters of the message's id keep files of a chat apart.
std::string name_of(const Json& media, const std::string& kind, const std::string& type,
                    const std::string& id) {
  std::string name = text_of(media, "filename");
  if (!name.empty()) return name;
  std::string tail;
  for (const char c : id.size() > 8 ? id.substr(id.size() - 8) : id) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (plain) tail += c;
  }
  return kind + "-" + tail + patchbay::file_ending(type);
}

void add_file(Json& content, const Json& media, const std::string& of_type, const std::string& id) {
  const std::string kind = of_type == "audio" && flag_of(media, "voice") ? "voice" : of_type;
  const std::string type = patchbay::plain_type(text_of(media, "mime_type"));
  const std::string name = name_of(media, kind, type, id);
  const std::string media_id = id_of(media, "id");
  Json file = {{"kind", kind},
               {"unique_id", media_id},
               {"name", name},
               {"file", {{"id", media_id}, {"name", name}, {"type", type}}}};
  put(file, "type", type);
  content["attachments"] = Json::array({std::move(file)});
  put(content, "text", text_of(media, "caption"));
}

bool within(const Json& value, double most) {
  return value.is_number() && value.get<double>() >= -most && value.get<double>() <= most;
}

void add_place(Json& content, const Json& place) {
  const Json& latitude = member(place, "latitude");
  const Json& longitude = member(place, "longitude");
  if (!within(latitude, 90) || !within(longitude, 180)) return;
  Json out = {{"latitude", latitude}, {"longitude", longitude}};
  put(out, "title", text_of(place, "name"));
  put(out, "address", text_of(place, "address"));
  content["location"] = std::move(out);
}

std::string first_of(const Json& list, const char* key) {
  for (const Json& each : list) {
    if (std::string value = text_of(each, key); !value.empty()) return value;
  }
  return "";
}

Json card_of(const Json& contact) {
  Json out = Json::object();
  put(out, "name", text_of(member(contact, "name"), "formatted_name"));
  put(out, "phone", first_of(list_of(contact, "phones"), "phone"));
  put(out, "email", first_of(list_of(contact, "emails"), "email"));
  return out;
}

// The first card is a card; of several each is a line too.
void add_cards(Json& content, const Json& contacts) {
  std::string lines;
  for (const Json& contact : contacts) {
    Json card = card_of(contact);
    std::string line;
    for (const char* key : {"name", "phone", "email"}) {
      const std::string value = text_of(card, key);
      if (!value.empty()) line += (line.empty() ? "" : ", ") + value;
    }
    add_line(lines, line);
    if (!content.contains("contact") && !card.empty()) content["contact"] = std::move(card);
  }
  if (contacts.size() > 1) put(content, "text", lines);
}

// "2 × mug-blue" a line.
std::string order_words(const Json& order) {
  std::string words = text_of(order, "text");
  for (const Json& item : list_of(order, "product_items")) {
    const std::string product = id_of(item, "product_retailer_id");
    std::string line = id_of(item, "quantity") + " × " + product;
    const Json& price = member(item, "item_price");
    if (price.is_number()) line += ", " + price.dump() + " " + text_of(item, "currency");
    if (!product.empty()) add_line(words, line);
  }
  return words;
}

// What was filled in in a form of WhatsApp (a flow): a line a field.
std::string form_words(const Json& reply) {
  std::string words = text_of(reply, "body");
  const Json fields = Json::parse(text_of(reply, "response_json"), nullptr, false);
  if (!fields.is_object()) return words;
  for (const auto& [name, value] : fields.items()) {
    if (name == "flow_token") continue;
    add_line(words, name + ": " + (value.is_string() ? value.get<std::string>() : patchbay::to_text(value)));
  }
  return words;
}

void add_reaction(Json& content, const Json& reaction) {
  const std::string sign = text_of(reaction, "emoji");
  content["service"] =
      sign.empty() ? english("whatsapp.reaction_taken_back") : english("whatsapp.reacted", {{"sign", sign}});
  if (const std::string to = text_of(reaction, "message_id"); !to.empty()) content["reply_to"] = {{"id", to}};
}

void add_context(Json& content, const Json& message) {
  const Json& context = member(message, "context");
  if (const std::string id = text_of(context, "id"); !id.empty()) content["reply_to"] = {{"id", id}};
  if (flag_of(context, "forwarded") || flag_of(context, "frequently_forwarded"))
    content["forwarded_from"] = english("whatsapp.another_chat");
  const std::string product = id_of(member(context, "referred_product"), "product_retailer_id");
  if (!product.empty()) content["service"] = english("whatsapp.about_product", {{"product", product}});
}

// Whoever comes by a click on an advertisement says where from with the first message.
void add_referral(Json& content, const Json& referral) {
  if (!referral.is_object()) return;
  const std::string click = text_of(referral, "ctwa_clid");
  put(content, "start_payload", click.empty() ? id_of(referral, "source_id") : click);
  std::string title = text_of(referral, "headline");
  if (title.empty()) title = text_of(referral, "body");
  if (!title.empty()) content["service"] = english("whatsapp.came_from_ad", {{"title", title}});
}

void add_body(Json& content, const Json& message, const std::string& type, const std::string& id) {
  const Json& part = member(message, type.c_str());
  if (type == "text") {
    put(content, "text", text_of(part, "body"));
  } else if (is_media(type) && !id_of(part, "id").empty()) {
    add_file(content, part, type, id);
  } else if (type == "location") {
    add_place(content, part);
  } else if (type == "contacts" && part.is_array()) {
    add_cards(content, part);
  } else if (type == "order") {
    put(content, "text", order_words(part));
  } else if (type == "interactive") {
    put(content, "text", form_words(member(part, "nfm_reply")));
  } else if (type == "reaction") {
    add_reaction(content, part);
  } else if (type == "system") {
    put(content, "service", text_of(part, "body"));
  } else if (type == "request_welcome") {
    content["service"] = english("whatsapp.opened_chat");
  }
}

bool speaks(const Json& content) {
  for (const char* key : {"text", "attachments", "location", "contact", "service"}) {
    if (content.contains(key)) return true;
  }
  return false;
}

void say_unsupported(Json& content, const Json& message, const std::string& type) {
  std::string kind = type == "unsupported" ? text_of(member(message, "unsupported"), "type") : type;
  if (kind.empty()) kind = "unknown";
  const Json& errors = list_of(message, "errors");
  const std::string why = errors.empty() ? std::string() : text_of(errors.front(), "title");
  content["unsupported"] = kind;
  content["text"] = why.empty() ? english("whatsapp.cannot_be_shown", {{"kind", kind}})
                                : english("whatsapp.cannot_be_shown_because", {{"kind", kind}, {"why", why}});
}

}  // namespace

Json press_in(const Json& message) {
  const Json& interactive = member(message, "interactive");
  for (const char* kind : {"button_reply", "list_reply"}) {
    const Json& reply = member(interactive, kind);
    const std::string data = id_of(reply, "id");
    const std::string title = text_of(reply, "title");
    if (!data.empty() || !title.empty())
      return {{"data", data.empty() ? title : data}, {"title", title.empty() ? data : title}};
  }
  const Json& button = member(message, "button");
  const std::string title = text_of(button, "text");
  const std::string data = text_of(button, "payload");
  if (data.empty() && title.empty()) return Json();
  return {{"data", data.empty() ? title : data}, {"title", title.empty() ? data : title}};
}

Json content_of(const Json& message, const std::string& id) {
  const std::string type = text_of(message, "type");
  Json content = {{"id", id}};
  add_context(content, message);
  add_referral(content, member(message, "referral"));
  if (!type.empty()) add_body(content, message, type, id);
  if (!speaks(content)) say_unsupported(content, message, type);
  return content;
}

}  // namespace whatsapp
