#include "domain/chat/chat_sink.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"

#include "domain/chat/impl/attachment_table.hpp"
#include "domain/chat/impl/chat_table.hpp"
#include "domain/chat/impl/delivery_table.hpp"
#include "domain/chat/impl/event_data.hpp"
#include "domain/chat/impl/message_table.hpp"
#include "outbox/queue.hpp"

namespace patchbay::domain::chat {
namespace {

// One event in one transaction.
class Application {
 public:
  Application(Context& context, const ChatSink::Meet& meet, const hooks::Arrived& arrived)
      : context_(context),
        meet_(meet),
        integration_(arrived.integration),
        event_(*arrived.event),
        data_(read_event(event_.type, event_.data, context.now)) {}

  // Others write more than their own message, chat and author.
  bool is_message() const { return event_.type == "message.received"; }
  const EventData& data() const { return data_; }
  Id integration() const { return integration_; }

  void run() {
    if (!is_message()) context_.ahead.forget();
    if (is_message()) {
      receive();
    } else if (event_.type == "message.edited") {
      edit();
    } else if (event_.type == "button.pressed") {
      press();
    } else if (event_.type == "conversation.changed") {
      change();
    } else if (event_.type == "conversation.control") {
      control();
    } else {
      notify();
    }
  }

 private:
  ProviderName named(const std::string& provider_id) const {
    return ProviderName(integration_, data_.conversation.id, provider_id);
  }

  void receive() {
    const auto name = named(data_.message.id);
    if (const auto known = messages_.known(name)) {
      if (!known->outgoing) messages_.remember_original(name, *known, data_.message);
      return;
    }
    // What is said from our side is for nobody to answer.
    std::optional<routing::Stage> begins;
    if (data_.by_bot)
      begins = routing::Stage::with_bot;
    else if (data_.from_us)
      begins = routing::Stage::held;
    const bool by_client = data_.author && !data_.from_us;
    const auto chat = chats_.open(integration_, data_.conversation,
                                  Opening(begins, by_client ? data_.author->external_id : ""));
    std::optional<Id> author;
    if (data_.author) {
      const auto client = chats_.keep_client(integration_, *data_.author);
      author = client.id;
      if (!data_.from_us) meet(client, chat);
    }
    const auto [message, is_new] = store(chat, author);
    const auto* what = data_.from_us ? "message.sent" : "message.received";
    context_.happened(is_new ? what : "message.changed", message, chat.id);
    chats_.touch(chat, data_.message.at, data_.from_us ? From::us : From::client, author);
    deliveries_.settle_waiting(name);
    // Its control is lost, or lapsed without a word. What our side says tells nothing of it.
    const bool with_bot = chat.state == "with_bot";
    if (data_.from_us || (!data_.by_bot && !with_bot)) return;
    const bool has_bot = deliveries_.bot_has(named({}), data_.by_bot, data_.message.at);
    if (has_bot != with_bot) chats_.pass(chat, has_bot);
  }

  void control() {
    auto chat = chats_.find_open(integration_, data_.conversation.id);
    const bool has_bot = deliveries_.bot_has(named({}), data_.by_bot, data_.at);
    // Whoever asked the bot for people waits for them, also where his messages are not known yet.
    if (!chat && !has_bot && !chats_.was_active(integration_, data_.conversation.id, data_.at))
      chat = chats_.open(integration_, data_.conversation);
    if (!chat) return;
    if (!has_bot) chats_.note_bot(chat->id);
    chats_.pass(*chat, has_bot);
  }

  void meet(const Client& client, const Chat& chat) {
    if (!meet_ || client.contact || client.unlinked || client.is_bot) return;
    meet_(context_.session, Stranger(integration_, client, chat.kind == "private"));
  }

  // The message, and whether it is new: parts of an album join one.
  std::pair<Id, bool> store(const Chat& chat, std::optional<Id> author) {
    const auto& part = data_.message;
    const auto name = named(part.id);
    std::optional<std::string> album;
    if (event_.part_of) album = event_.part_of->key;
    auto message = album ? messages_.with_part_of(chat.id, *album) : std::nullopt;
    bool is_new = false;
    if (!message) {
      message = context_.ids.next();
      is_new = messages_.insert(fresh(*message, chat, author), album, std::nullopt, part.reply_to);
      if (!is_new) message = messages_.with_part_of(chat.id, album.value_or(""));
    }
    if (!message) throw Error(Code::internal, Text("domain.chat.not_stored", {{"message", part.id}}));
    messages_.claim(name, *message, part, data_.from_us, album.has_value());
    AttachmentOwner owner(integration_, *message);
    owner.provider_id = part.id;
    owner.at = part.at;
    owner.sequence = part.sequence;
    attachments_.add_incoming(owner, part.attachments);
    if (album) messages_.join_part(*message, part.content);
    return {*message, is_new};
  }

  Message fresh(Id id, const Chat& chat, std::optional<Id> author) const {
    const auto& part = data_.message;
    Message message;
    message.id = id;
    message.chat = chat.id;
    if (author) {
      message.author.emplace();
      message.author->id = *author;
    }
    message.outgoing = data_.from_us;
    if (message.outgoing) message.state = Delivery::sent;
    message.text = part.text;
    message.content = part.content;
    if (data_.press_id.empty()) message.provider_id = part.id;
    message.provider_at = part.at;
    message.sequence = part.sequence;
    message.created_at = part.at;
    message.edited_at = part.edited_at;
    message.trace = event_.trace;
    return message;
  }

  void edit() {
    const auto name = named(data_.message.id);
    const auto found = messages_.find_named(name);
    if (!found) {
      receive();
    } else if (!found->known.outgoing) {
      messages_.edit(found->name, found->known, data_.message);
    }
  }

  // One that is known is a message no more, but its button spins too.
  void press() {
    receive();
    outbox::Item item;
    item.id = context_.ids.next();
    item.integration = integration_;
    item.lane = "press:" + data_.press_id;  // waits for nothing: the button spins until it is answered
    item.verb = "acknowledge";
    item.idempotency_key = "acknowledge:" + std::to_string(item.id);
    item.payload = nlohmann::json({{"press_id", data_.press_id}}).dump();
    item.trace = event_.trace;
    item.created_at = context_.now;
    outbox::enqueue(context_.session, item);
  }

  void notify() {
    const std::string what = data_.state ? std::string(delivery_name(*data_.state)) : "deleted";
    if (data_.up_to) {
      deliveries_.take_up_to(named({}), *data_.up_to, Notice(what, data_.reason, data_.at));
      return;
    }
    for (const auto& id : data_.message_ids)
      deliveries_.take(named(id), Notice(what, data_.reason, data_.at));
  }

  void change() {
    const auto& conversation = data_.conversation;
    if (auto chat = chats_.find_open(integration_, conversation.id)) {
      chats_.open(integration_, conversation);
      if (data_.reachable) chats_.set_reachable(chat->id, *data_.reachable, data_.reason);
    }
    if (!data_.moved_to.empty()) chats_.move(integration_, conversation.id, data_.moved_to);
  }

  Context& context_;
  const ChatSink::Meet& meet_;
  const Id integration_;
  const hooks::Event& event_;
  const EventData data_;
  ChatTable chats_{context_};
  MessageTable messages_{context_};
  AttachmentTable attachments_{context_};
  DeliveryTable deliveries_{context_};
};

// Else two transactions whose events name the same conversations in another order wait for each other.
void hold(Context& context, const std::vector<Application>& applications) {
  std::vector<std::pair<Id, std::string>> conversations;
  for (const auto& application : applications)
    conversations.emplace_back(application.integration(), application.data().conversation.id);
  ChatTable(context).hold_open(conversations);
}

// What run() of each will ask for.
void read_ahead(Context& context, const std::vector<Application>& applications) {
  std::vector<ProviderName> names;
  std::vector<std::pair<Id, std::string>> conversations;
  std::vector<std::pair<Id, std::string>> authors;
  for (const auto& application : applications) {
    if (!application.is_message()) continue;
    const auto& data = application.data();
    names.emplace_back(application.integration(), data.conversation.id, data.message.id);
    conversations.emplace_back(application.integration(), data.conversation.id);
    if (data.author) authors.emplace_back(application.integration(), data.author->external_id);
  }
  MessageTable(context).read_known(names);
  ChatTable(context).read_open(conversations);
  ChatTable(context).read_clients(authors);
  DeliveryTable(context).read_waiting(names);
}

}  // namespace

ChatSink::ChatSink(const Clock& clock, IdMint& ids, Committed committed, std::function<void()> waiting,
                   Meet meet)
    : clock_(clock),
      ids_(ids),
      committed_(std::move(committed)),
      waiting_(std::move(waiting)),
      meet_(std::move(meet)) {}

void ChatSink::apply(store::Session& session, const std::vector<hooks::Arrived>& events) {
  Context context(session, ids_, clock_);
  std::vector<Application> applications;
  applications.reserve(events.size());
  for (const auto& event : events) applications.emplace_back(context, meet_, event);
  if (events.size() > 1) {
    hold(context, applications);
    read_ahead(context, applications);
  }
  for (auto& application : applications) application.run();
  context.write_journal();
  if (context.waits) waits_ = true;
}

std::optional<std::string> ChatSink::fault_of(const hooks::Event& event) const {
  try {
    read_event(event.type, event.data, clock_.now().time_since_epoch().count());
    return std::nullopt;
  } catch (const Error& error) {
    return error.kept();
  }
}

void ChatSink::committed(const std::vector<Id>& integrations) {
  if (committed_) committed_(integrations);
  if (waits_.exchange(false) && waiting_) waiting_();
}

}  // namespace patchbay::domain::chat
