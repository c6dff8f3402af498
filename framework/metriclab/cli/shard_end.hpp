// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/experiment/result_store.hpp>
#include <metriclab/experiment/shard.hpp>
#include <optional>

namespace metriclab {

/// Holds the plan of a shard against plan.json, as other shards left it. Where it is of other runs,
/// throws Error while other shards are at work, and else tells so on stderr. To be called in one's
/// turn.
void check_plan(const Plan& plan, const Shard& shard, const ResultStore& store);

/// How a shard left the whole: nullopt where all of it is there, to be tabulated; else it tells on
/// stderr what is missing, and gives the exit code, 1 where a run of its own is not well.
std::optional<int> end_of_shard(const Plan& plan, const ShardRuns& own, const ResultStore& store);

}  // namespace metriclab
