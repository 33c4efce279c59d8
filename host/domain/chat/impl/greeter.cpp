#include "domain/chat/greeter.hpp"

#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/failure.hpp"
#include "base/task_scope.hpp"
#include "domain/chat/quick_replies.hpp"

namespace patchbay::domain::chat {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kBatch = 100;

struct Greeting {
  Id id;
  Id chat;
  Id integration;
  std::string kind;
  std::string text;
};

std::vector<Greeting> unsaid(store::Session& session, Id after) {
  std::vector<Greeting> all;
  for (const auto& row :
       session.query("select g.id, g.chat, c.integration, g.kind, g.text, coalesce(u.name, c.title), "
                     "coalesce(q.name, '') from "
                     "chat_greetings g join chats c on c.id = g.chat left join chat_clients u on u.id = "
                     "c.client left join queues q "
                     "on q.id = c.queue where g.said = 0 and g.id > :after order by g.id limit :most",
                     {after, kBatch})) {
    const Macros macros{{"client", row.text(5)}, {"queue", row.text(6)}};
    all.push_back({row.integer(0), row.integer(1), row.integer(2), row.text(3), expand(row.text(4), macros)});
  }
  return all;
}

}  // namespace

struct Greeter::State {
  explicit State(Parts p)
      : parts(std::move(p)), scope(parts.executor, [this](const std::string& name, std::exception_ptr error) {
          parts.logger.error("greetings: a task failed", {{"task", name}, {"error", words_of(error)}});
        }) {}

  asio::awaitable<void> run();
  asio::awaitable<void> look();
  asio::awaitable<bool> say(Greeting greeting);

  Parts parts;
  TaskScope scope;
};

asio::awaitable<void> Greeter::State::run() {
  for (;;) {
    co_await parts.clock.sleep(kSweep);
    try {
      co_await look();
    } catch (const std::exception& error) {
      if (is_cancellation(error)) throw;
      parts.logger.warn("greetings: said later", {{"error", error.what()}});
    }
  }
}

asio::awaitable<void> Greeter::State::look() {
  Id after = 0;
  std::set<Id> away;  // channels that take nothing now
  for (bool more = true; more;) {
    auto find = [after](store::Session& session) { return unsaid(session, after); };
    const auto greetings = co_await parts.store.read(std::move(find));
    more = greetings.size() == static_cast<std::size_t>(kBatch);
    for (const auto& greeting : greetings) {
      after = greeting.id;
      if (parts.owned != nullptr && !parts.owned->has(greeting.integration)) continue;
      if (away.contains(greeting.integration)) continue;
      const bool settled = co_await say(greeting);
      if (!settled) {
        away.insert(greeting.integration);
        continue;
      }
      auto settle = [id = greeting.id](store::Session& session) {
        session.exec("update chat_greetings set said = 1 where id = :id", {id});
      };
      co_await parts.store.write(std::move(settle));
    }
  }
}

// The key makes it one message, also where this host ends before it is noted. What a chat cannot take (it is
// finished, its channel carries no such text) it never will; what cannot be said now is said at another look.
asio::awaitable<bool> Greeter::State::say(Greeting greeting) {
  Draft draft;
  draft.text = greeting.text;
  Sender sender("");
  sender.by_itself = true;
  auto key = "greeting:" + to_string_id(greeting.id);
  try {
    auto posting = parts.chats.post(greeting.chat, std::move(draft), std::move(key), std::move(sender));
    co_await std::move(posting);
  } catch (const Error& error) {
    parts.logger.warn(
        "greetings: not said",
        {{"chat", to_string_id(greeting.chat)}, {"kind", greeting.kind}, {"error", error.what()}});
    const bool finished = error.text().id() == "domain.chat.finished";
    co_return finished || error.code() == Code::invalid || error.code() == Code::not_found;
  }
  co_return true;
}

Greeter::Greeter(Parts parts) : state_(std::make_shared<State>(std::move(parts))) {}

Greeter::~Greeter() = default;

void Greeter::start() {
  state_->scope.spawn("greetings", state_->run());
}

asio::awaitable<void> Greeter::stop() {
  co_await state_->scope.stop();
}

asio::awaitable<void> Greeter::look() {
  return state_->look();
}

}  // namespace patchbay::domain::chat
