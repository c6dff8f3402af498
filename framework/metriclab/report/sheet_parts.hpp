// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/sheet.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// Adds mean ranks, and scores against one method where `Table::against` asks for them: columns
/// where the rows are methods, rows where the columns are, and remarks otherwise. The sheet must
/// have the table's own rows and columns alone. What explains them is returned.
std::vector<std::string> add_standings(const Table& table, Sheet& sheet);

/// By metric, on how many problems each method is better than each other one, equal, worse.
std::vector<Sheet> sheets_of_pairs(const Table& table);

}  // namespace metriclab
