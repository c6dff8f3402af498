// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <metriclab/experiment/ranks.hpp>

namespace metriclab {

/// Whether an MPI launcher (mpirun, srun) has started this process as one of several.
bool is_under_mpi();

/// Opens the module metriclab_mpi, which is linked with MPI as nothing else is, and joins the other
/// ranks. Throws Error where there is no such module, or it can't be opened.
std::unique_ptr<Ranks> join_ranks(const RanksOptions& options);

}  // namespace metriclab
