// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <metriclab/report/results.hpp>
#include <vector>

namespace metriclab {

/// Makes one of what several folders gave, as `read_results` says. `folder_of`: by record, the
/// number of its folder.
void join_folders(Results& results, const std::vector<std::filesystem::path>& folders,
                  std::vector<std::size_t> folder_of, bool by_experiment);

/// Gives runs without a file their parameters, as `read_results` says; throws Error naming the
/// nearest pointer when no result has anything at one.
void complete_parameters(Results& results);

}  // namespace metriclab
