// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/data/dataset.hpp>
#include <metriclab/plugin/registry.hpp>
#include <string>

namespace metriclab {

/// The data that a command line names: an .npy file, (n × d) or (n, shape…), without labels; the
/// name of a data set plugin; or its block as JSON, such as {"plugin": "csv", "path": "x.csv"}.
/// Files are looked for in the working folder, then under $METRICLAB_DATA. Throws Error with the
/// argument in front.
Data read_data(const std::string& argument, Registry& registry);

/// What the help of such an argument says.
inline constexpr const char* kDataHelp =
    "an .npy file, a data set plugin, or its block as JSON such as '{\"plugin\": \"csv\", "
    "\"path\": \"x.csv\"}'";

}  // namespace metriclab
