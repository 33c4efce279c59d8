#include "jobs/checkpoints.hpp"

namespace patchbay::jobs {

Checkpoints read_checkpoints(store::Session& session, Id integration) {
  Checkpoints out;
  for (const auto& row : session.query(
           "select name, checkpoint from jobs where integration = :integration and checkpoint is not null",
           {integration}))
    out[row.text(0)] = row.text(1);
  return out;
}

void write_checkpoints(store::Session& session, Id integration, const Checkpoints& checkpoints) {
  for (const auto& [job, checkpoint] : checkpoints)
    session.exec("update jobs set checkpoint = :checkpoint where integration = :integration and name = :name",
                 {checkpoint, integration, job});
}

}  // namespace patchbay::jobs
