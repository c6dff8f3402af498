// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace metriclab {

/// What a job array of shards is made of.
struct SlurmArray {
  std::string name;                  // of the experiment
  std::size_t tasks = 1;             // shards
  std::string options;               // of sbatch, as on its command line
  int cores = 0;                     // of each task; 0: what Slurm gives
  std::filesystem::path folder;      // of the results
  std::vector<std::string> command;  // metriclab run …, without --shard
};

/// A text as one word for a shell.
std::string shell_word(const std::string& text);

/// The script that sbatch is given: readable, and to be submitted again by hand.
std::string slurm_script(const SlurmArray& array);

/// Writes the script into the results folder as slurm.sh, and submits it; the job's number, as
/// sbatch says it. Throws Error where there is no sbatch, or it refuses, in its own words.
std::string submit(const SlurmArray& array);

}  // namespace metriclab
