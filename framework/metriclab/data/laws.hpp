// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <metriclab/data/dataset.hpp>
#include <metriclab/plugin/conformance.hpp>

namespace metriclab {

/// Holds a data set to the promises of its interface: finite examples, dense labels in range with
/// different names, targets and feature names as many as they should be, predefined splits with the
/// names foretold and disjoint parts, episodes inside the test part, the same bytes when loaded
/// again. Nothing is checked, and the reason said, where a file that it reads is not there.
void check_dataset(const std::function<std::unique_ptr<Dataset>()>& make, const Places& places,
                   Checks& checks);

}  // namespace metriclab
