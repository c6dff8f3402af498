// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <metriclab/report/sheet.hpp>
#include <metriclab/report/text_grid.hpp>
#include <string>

namespace metriclab {

// Tables as HTML, for a page whose script sorts those of the class "sortable" by their last row of
// headings. Columns of words have the class "text".

std::string html_of(const TextGrid& grid);

/// What the sheet is about as a paragraph of the class "description", the table, and its footnotes
/// and remarks in a block of the class "notes". Columns that can be filtered have the class
/// "column", ranks and scores "summary-column"; cells are "best", "second" or, without a number,
/// "status".
std::string html_of(const Sheet& sheet);

}  // namespace metriclab
