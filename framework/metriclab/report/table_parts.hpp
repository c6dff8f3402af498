// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/table.hpp>
#include <string>
#include <utility>
#include <vector>

namespace metriclab {

/// The rows' and the columns' coordinates, defaults filled in; throws Error when one is there
/// twice.
std::pair<std::vector<Coordinate>, std::vector<Coordinate>> axes_of(const TableOptions& options,
                                                                    std::size_t n_metrics);

/// What is compared in that row and column: one of `Table::contestants`.
std::vector<std::string> method_in(const Table& table, std::size_t row, std::size_t column);

/// Puts rows and columns, and the methods with them, in the order asked for; throws Error when one
/// can't be had.
void sort_table(Table& table, const TableOptions& options);

/// How a combination of compared values is called: "lmnn", "triplet, 0.2".
std::string label_of(const std::vector<std::string>& method);

/// The number of the method of that label, or of the only one that has the name among its values.
/// Throws Error otherwise.
std::size_t method_named(const Table& table, const std::string& name);

}  // namespace metriclab
