#include "jobs/page.hpp"

#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace patchbay::jobs {
namespace {

using nlohmann::json;

constexpr std::size_t kLargestCheckpoint = 256u << 10;

[[noreturn]] void bad_field(const char* name) {
  throw Error(Code::invalid, Text("jobs.bad_field", {{"field", name}}));
}

std::optional<std::int64_t> count_of(const json& progress, const char* name) {
  const auto found = progress.find(name);
  if (found == progress.end() || found->is_null()) return std::nullopt;
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > INT64_MAX) bad_field("progress");
  return found->get<std::int64_t>();
}

}  // namespace

Page parse_page(Id integration, const std::string& request) {
  const auto given = json::parse(request, nullptr, false);
  if (!given.is_object()) bad_field("");
  Page page;
  page.integration = integration;
  const auto job = given.find("job");
  if (job == given.end() || !job->is_string()) bad_field("job");
  page.job = job->get<std::string>();
  const auto lease = given.find("lease");
  if (lease == given.end() || !lease->is_number_integer()) bad_field("lease");
  page.lease = lease->get<std::int64_t>();
  if (const auto checkpoint = given.find("checkpoint"); checkpoint != given.end()) {
    page.checkpoint = checkpoint->dump(-1, ' ', false, json::error_handler_t::replace);
    if (page.checkpoint->size() > kLargestCheckpoint)
      throw Error(Code::invalid,
                  Text("jobs.checkpoint_too_large", {{"limit", std::to_string(kLargestCheckpoint)}}));
  }
  if (const auto progress = given.find("progress"); progress != given.end() && !progress->is_null()) {
    if (!progress->is_object()) bad_field("progress");
    page.done = count_of(*progress, "done");
    page.total = count_of(*progress, "total");
  }
  return page;
}

void store_page(store::Session& session, const Page& page, const PageCounts& counts, TimePoint now) {
  const auto found = session.query_one(
      "select run from jobs where integration = :integration and name = :name and lease = :lease and run is "
      "not null",
      {page.integration, page.job, page.lease});
  // The statement that changes decides: the row may have changed since.
  const auto moved =
      !found
          ? 0
          : session.exec(
                "update jobs set checkpoint = coalesce(:checkpoint, checkpoint), checkpoint_at = :now where "
                "integration = :integration and name = :name and lease = :lease and run is not null",
                {store::nullable(page.checkpoint), now.time_since_epoch().count(), page.integration, page.job,
                 page.lease});
  if (moved == 0) throw Error(Code::conflict, Text("jobs.lease_lost", {{"job", page.job}}));
  session.later(
      "update job_runs set pages = pages + 1, records = records + :records, known = known + :known, refused "
      "= refused "
      "+ :refused, done = coalesce(cast(:done as bigint), done), total = coalesce(cast(:total as bigint), "
      "total) where "
      "id = :id",
      {counts.records, counts.known, counts.refused, store::nullable(page.done), store::nullable(page.total),
       found->integer(0)});
}

// By a change that changes nothing: it locks the row, which a look does not.
void require_lease(store::Session& session, Id integration, const std::string& job, std::int64_t lease) {
  const auto held = session.exec(
      "update jobs set lease = lease where integration = :integration and name = :name and lease = :lease "
      "and run is not null",
      {integration, job, lease});
  if (held == 0) throw Error(Code::conflict, Text("jobs.lease_lost", {{"job", job}}));
}

}  // namespace patchbay::jobs
