#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "patchbay/testing_services.hpp"

namespace patchbay::testing {

// The far end of a connection that a plugin makes, as a test plays it.
class Peer {
 public:
  // What the plugin reads next.
  Peer& says(const std::string& bytes) {
    unread_ += bytes;
    if (stirred_) stirred_();
    return *this;
  }
  // The end, once all has been read.
  Peer& ends() {
    ended_ = true;
    if (stirred_) stirred_();
    return *this;
  }

  std::function<void(Peer&, const std::string& written)> on_write;  // may say something
  std::optional<Result> refuses_tls;  // how TLS fails, for example Result(PB_DENIED, "expired")
  std::string heard;                  // all that was written
  std::string authorities;            // that the plugin believes; empty: the system's
  bool is_tls = false;
  bool is_closed = false;  // by the plugin

 private:
  friend class Connections;
  std::function<void()> stirred_;
  std::string unread_;
  bool ended_ = false;
};

// pb.net/1 in memory. Whoever is expected at a place answers there, each once and in order; elsewhere nobody
// does (PB_UNAVAILABLE).
class Connections {
 public:
  using Work = std::function<void()>;

  std::shared_ptr<Peer> expect(const std::string& host, std::uint32_t port) {
    auto peer = std::make_shared<Peer>();
    const std::lock_guard lock(mutex_);
    expected_[host + ":" + std::to_string(port)].push_back(peer);
    return peer;
  }

  // --- what the table of pb.net/1 does
  pb_code connect(const pb_net_target* lent, pb_reply_fn reply, void* user, std::uint64_t* out_stream) {
    const pb_net_target target = adopt(lent);
    const std::lock_guard lock(mutex_);
    if (stopping_) return PB_CANCELLED;
    const std::string place = std::string(text(target.host)) + ":" + std::to_string(target.port);
    const std::uint64_t id = ++last_;
    if (out_stream) *out_stream = id;
    auto& waiting = expected_[place];
    if (waiting.empty()) return answer(reply, user, Result(PB_UNAVAILABLE, "Nobody is expected at " + place));
    const std::shared_ptr<Peer> peer = waiting.front();
    waiting.pop_front();
    peer->authorities = text(target.authorities);
    const bool is_refused = target.security == PB_TLS && peer->refuses_tls;
    if (is_refused) return answer(reply, user, *peer->refuses_tls);
    peer->is_tls = target.security == PB_TLS;
    peer->stirred_ = [this, id] { later([this, id] { look(id); }); };
    open_[id].peer = peer;
    return answer(reply, user, Result(Json::object()));
  }
  pb_code start_tls(std::uint64_t id, pb_reply_fn reply, void* user) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return PB_CANCELLED;
    const auto found = open_.find(id);
    if (found == open_.end()) return answer(reply, user, missing());
    Peer& peer = *found->second.peer;
    if (peer.is_tls) return answer(reply, user, Result(PB_CONFLICT, "The connection uses TLS already"));
    if (peer.refuses_tls) return answer(reply, user, *peer.refuses_tls);
    peer.is_tls = true;
    return answer(reply, user, Result(Json::object()));
  }
  pb_code read(std::uint64_t id, std::uint64_t most, std::int64_t timeout_ms, pb_reply_fn reply, void* user) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return PB_CANCELLED;
    const auto found = open_.find(id);
    if (found == open_.end()) return answer(reply, user, missing());
    Open& open = found->second;
    if (open.reply) return answer(reply, user, Result(PB_CONFLICT, "A read waits already"));
    open.reply = reply;
    open.user = user;
    open.most = most == 0 ? kMost : std::min(most, kMost);
    const std::uint64_t turn = ++open.turn;
    later([this, id] { look(id); });
    if (timeout_ms > 0)
      after(timeout_ms, [this, id, turn] { end_read(id, turn, Result(PB_DEADLINE, "Nothing came")); });
    return PB_OK;
  }
  pb_code write(std::uint64_t id, pb_view bytes, pb_reply_fn reply, void* user) {
    const std::string written(text(bytes));
    std::shared_ptr<Peer> peer;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return PB_CANCELLED;
      const auto found = open_.find(id);
      if (found == open_.end()) return answer(reply, user, missing());
      peer = found->second.peer;
      answer(reply, user, Result(Json::object()));
    }
    later([peer, written] {
      peer->heard += written;
      if (peer->on_write) peer->on_write(*peer, written);
    });
    return PB_OK;
  }
  void cancel(std::uint64_t id) {
    later([this, id] { end_read(id, 0, Result(PB_CANCELLED, "Cancelled")); });
  }
  void close(std::uint64_t id) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = open_.find(id);
      if (found == open_.end()) return;
      found->second.peer->is_closed = true;
      found->second.peer->stirred_ = nullptr;
    }
    later([this, id] {
      end_read(id, 0, Result(PB_CANCELLED, "The connection is closed"));
      const std::lock_guard lock(mutex_);
      open_.erase(id);
    });
  }

  // --- for the host that these belong to
  std::function<void(Work)> later;                             // runs it with the next turn of the strand
  std::function<void(std::int64_t milliseconds, Work)> after;  // the same when the time is over
  void stop() {
    std::map<std::uint64_t, Open> left;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      left = open_;
    }
    for (const auto& each : left) close(each.first);
  }

 private:
  static constexpr std::uint64_t kMost = 65536;

  class Open {
   public:
    std::shared_ptr<Peer> peer;
    pb_reply_fn reply = nullptr;  // of a read that waits
    void* user = nullptr;
    std::uint64_t most = 0;
    std::uint64_t turn = 0;  // of reads
  };

  static Result missing() { return Result(PB_NOT_FOUND, "The connection is closed"); }

  static void give(pb_reply_fn reply, void* user, const Result& given) {
    const Packed packed(given.json, given.blobs);
    const pb_result result = {sizeof result,    given.code,      given.retry_after_ms, 0,
                              view(given.text), packed.message()};
    reply(user, &result);
  }
  pb_code answer(pb_reply_fn reply, void* user, Result result) {
    later([reply, user, given = std::move(result)] { give(reply, user, given); });
    return PB_OK;
  }
  // Whether the peer has something for the read that waits.
  void look(std::uint64_t id) {
    std::string bytes;
    {
      const std::lock_guard lock(mutex_);
      const auto found = open_.find(id);
      if (found == open_.end() || !found->second.reply) return;
      Peer& peer = *found->second.peer;
      if (peer.unread_.empty() && !peer.ended_) return;
      bytes = peer.unread_.substr(0, found->second.most);
      peer.unread_.erase(0, bytes.size());
    }
    end_read(id, 0, Result(Json(), std::vector<std::string>{std::move(bytes)}));
  }
  // Of this turn only; 0: whichever waits.
  void end_read(std::uint64_t id, std::uint64_t turn, const Result& result) {
    pb_reply_fn reply = nullptr;
    void* user = nullptr;
    {
      const std::lock_guard lock(mutex_);
      const auto found = open_.find(id);
      if (found == open_.end() || (turn != 0 && found->second.turn != turn)) return;
      reply = std::exchange(found->second.reply, nullptr);
      user = found->second.user;
    }
    if (reply) give(reply, user, result);
  }

  std::mutex mutex_;  // the plugin's own threads may call in
  std::map<std::string, std::deque<std::shared_ptr<Peer>>> expected_;
  std::map<std::uint64_t, Open> open_;
  std::uint64_t last_ = 0;
  bool stopping_ = false;
};

// The table for a host of type Table with a member `net`, whose address is `ctx`.
template <class Table>
inline constexpr pb_net kNetTable = {
    sizeof(pb_net),
    0,
    [](void* ctx, const pb_net_target* target, pb_reply_fn reply, void* user, std::uint64_t* out_stream) {
      return static_cast<Table*>(ctx)->net.connect(target, reply, user, out_stream);
    },
    [](void* ctx, std::uint64_t stream, std::int64_t, pb_reply_fn reply, void* user) {
      return static_cast<Table*>(ctx)->net.start_tls(stream, reply, user);
    },
    [](void* ctx, std::uint64_t stream, std::uint64_t most, std::int64_t timeout_ms, pb_reply_fn reply,
       void* user) { return static_cast<Table*>(ctx)->net.read(stream, most, timeout_ms, reply, user); },
    [](void* ctx, std::uint64_t stream, pb_view bytes, std::int64_t, pb_reply_fn reply, void* user) {
      return static_cast<Table*>(ctx)->net.write(stream, bytes, reply, user);
    },
    [](void* ctx, std::uint64_t stream) { static_cast<Table*>(ctx)->net.cancel(stream); },
    [](void* ctx, std::uint64_t stream) { static_cast<Table*>(ctx)->net.close(stream); }};

}  // namespace patchbay::testing
