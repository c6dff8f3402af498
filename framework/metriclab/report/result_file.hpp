// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <metriclab/report/json_slice.hpp>
#include <metriclab/report/results.hpp>
#include <string>
#include <vector>

namespace metriclab {

/// Told of each metric as a file names it: its name, the file's `higher_is_better`, and whether it
/// is one of `seconds`.
using MetricHeard = std::function<void(const std::string&, const std::optional<JsonSlice>&, bool)>;

/// The run that a result file holds, with the values at those JSON pointers (steps, unescaped) as
/// `Record::parameters`. Throws Error that says what is wrong with the file.
Record read_result_file(const std::filesystem::path& file,
                        const std::vector<std::vector<std::string>>& pointers,
                        const MetricHeard& heard);

/// What runs of a plan have in common with runs of results; throws Error where one is missing.
void read_coordinates(const JsonSlice& run, Record& record);

/// What a result or a plan must be before anything else of it is looked at: an object of a schema
/// that this metriclab knows. Throws Error otherwise. `what` is "a result" or "a plan".
JsonSlice::Members members_of_schema(const std::string& text, const char* what);
const JsonSlice* find(const JsonSlice::Members& members, std::string_view key);
/// The member of that name, which must be a string.
std::string text_of(const JsonSlice::Members& members, const char* key);

/// Every JSON pointer to a plain value or a list in that file, below `run`, `dataset`, `method` and
/// `evaluators`; none where it can't be read.
std::vector<std::string> pointers_in(const std::filesystem::path& file);

}  // namespace metriclab
