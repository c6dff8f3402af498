// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <vector>

namespace metriclab {

/// The examples of each class, ascending; of a class without any, none.
std::vector<std::vector<std::int64_t>> members_of_classes(const std::vector<std::int64_t>& labels);

/// So many batches that an epoch shows about as many examples as there are, at least one.
std::int64_t batches_for(std::int64_t n_examples, std::int64_t batch_size);

}  // namespace metriclab
