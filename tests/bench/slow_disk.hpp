#pragma once

#include "bench/figure.hpp"
#include "bench/load.hpp"

namespace patchbay::bench {

// S3: webhooks answered after their durable commit on a PostgreSQL whose disk takes 2 ms longer for each
// sync, over 256 connections, against rows that eight sessions commit one by one to the same server.
Figure slow_disk(Load& load, Settings settings);

}  // namespace patchbay::bench
