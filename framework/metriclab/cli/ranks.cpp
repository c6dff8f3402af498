// SPDX-License-Identifier: BSD-3-Clause
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <metriclab/cli/ranks.hpp>
#include <metriclab/plugin/error.hpp>
#include <string>

namespace metriclab {

bool is_under_mpi() {
  // Open MPI; MPICH and its kin, and Slurm's PMI; Slurm's PMIx, which tells the size by another
  // name.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    if (const char* size = std::getenv(name)) return std::string(size) != "1";
  if (std::getenv("PMIX_RANK") == nullptr) return false;
  const char* size = std::getenv("SLURM_STEP_NUM_TASKS");
  return size == nullptr || std::string(size) != "1";
}

std::unique_ptr<Ranks> join_ranks(const RanksOptions& options) {
  // Found by the command's own place. MPI's parts look for its symbols among all that there are.
  void* module = ::dlopen("libmetriclab_mpi.so", RTLD_NOW | RTLD_GLOBAL);
  if (module == nullptr) {
    const char* reason = ::dlerror();
    throw Error(fmt::format(
        "this was started by an MPI launcher, and the module for that is not there ({}); install "
        "MPI and Boost.MPI (Debian: openmpi-bin libopenmpi-dev libboost-mpi-dev) and build "
        "metriclab again, or start shards: metriclab run … --shard I/N",
        reason != nullptr ? reason : "no reason given"));
  }
  auto* join = reinterpret_cast<JoinRanks*>(::dlsym(module, "metriclab_join_ranks"));
  METRICLAB_CHECK(join != nullptr, "a module metriclab_mpi without its entry");
  return std::unique_ptr<Ranks>(join(options));
}

}  // namespace metriclab
