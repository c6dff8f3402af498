// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/cd_diagram.hpp>
#include <metriclab/report/comparison.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

enum class ComparisonFormat { text, markdown, json };
std::vector<std::string> comparison_format_names();
/// Throws Error listing the names when there is none such.
ComparisonFormat comparison_format_from_string(std::string_view name);

/// Conclusions in sentences, then what a reader must beware of, then the tables: mean ranks with
/// the groups of Nemenyi's test as lines beside them, and the pairs. Above 10 methods text and
/// Markdown show the pairs of the first method only, and say so; JSON has all of them and of
/// everything else.
std::string render(const Comparison& comparison, ComparisonFormat format);

/// The same as a part of a page, with all pairs, in tables as html_format.hpp has them.
std::string html_of(const Comparison& comparison);

/// All of a comparison, for `render`.
std::string json_of(const Comparison& comparison);

/// Throws Error where there is none: one data set.
CdDiagram cd_diagram_of(const Comparison& comparison);
/// Of two methods and two data sets at least.
CdDiagram cd_diagram_of(const Scores& scores, double alpha);

}  // namespace metriclab
