#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "patchbay/host.hpp"

namespace patchbay {

// How far a run is, as the provider counts; what is not known stays away.
class Progress {
 public:
  Progress() = default;
  explicit Progress(std::int64_t done_, std::optional<std::int64_t> total_ = {})
      : done(done_), total(total_) {}
  std::optional<std::int64_t> done;
  std::optional<std::int64_t> total;
};

// One run of a job (pb.sync/1:run). Works page by page: fetch one, hand it over together with the checkpoint
// that comes after it. Both are stored together or not at all, so a run may be broken off at any moment: the
// next one begins where the last page ended.
class SyncRun {
 public:
  SyncRun(const Host& host, const Json& request)
      : job(string_at(request, "job")),
        checkpoint(request.value("checkpoint", Json())),
        lease(request.value("lease", std::int64_t{0})),
        budget_ms(request.value("budget_ms", std::int64_t{0})),
        host_(host) {}
  SyncRun(const SyncRun&) = delete;
  SyncRun& operator=(const SyncRun&) = delete;

  const std::string job;
  Json checkpoint;  // null at the beginning; moves with every page
  const std::int64_t lease;
  const std::int64_t budget_ms;

  // A page of events. False: end the run now, the host will go on from `next` in another one. Throws
  // Error(PB_CONFLICT) when another run has taken over: let it through.
  Task<bool> emit(Events events, Json next, Progress progress = {}) {
    Json body = page(next, progress);
    body["events"] = Json::array();
    for (const Event& each : events) body["events"].push_back(each.to_json());
    std::vector<std::string> none;
    co_return co_await store(std::move(body), std::move(none), std::move(next));
  }
  // A page of raw bodies for a route: each will be given to process(), and what cannot be translated becomes
  // a dead letter of its own instead of ending the run.
  Task<bool> inject(std::string route, std::vector<std::string> bodies, Json next, Progress progress = {},
                    std::string content_type = "application/json") {
    Json body = page(next, progress);
    body["route"] = std::move(route);
    body["content_type"] = std::move(content_type);
    co_return co_await store(std::move(body), std::move(bodies), std::move(next));
  }
  // How many events or bodies of this run were new to the host.
  std::int64_t stored() const { return stored_; }
  // The host has asked to end; what is left comes in another run.
  bool has_more() const { return has_more_; }
  // There is more to do, whatever the host said.
  void more() { has_more_ = true; }

 private:
  Json page(const Json& next, const Progress& progress) const {
    Json body = {{"job", job}, {"lease", lease}};
    body["checkpoint"] = next;
    if (progress.done) body["progress"]["done"] = *progress.done;
    if (progress.total) body["progress"]["total"] = *progress.total;
    return body;
  }
  Task<bool> store(Json body, std::vector<std::string> blobs, Json next) {
    const Message reply = co_await host_.call("pb.sync/1:emit", std::move(body), std::move(blobs));
    checkpoint = std::move(next);
    stored_ += reply.json.value("stored", std::int64_t{0});
    const bool go_on = reply.json.value("go_on", true);
    if (!go_on) has_more_ = true;
    co_return go_on;
  }

  const Host& host_;
  bool has_more_ = false;
  std::int64_t stored_ = 0;
};

}  // namespace patchbay
