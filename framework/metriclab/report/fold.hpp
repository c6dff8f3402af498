// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace metriclab {

/// How many columns of a terminal a text takes: one a character; two for the wide ones of East
/// Asia and for pictures, none for accents that combine.
std::size_t width_of(std::string_view text);

/// A text in lines of at most `width` columns (0: one line), broken at spaces, and within a word
/// where it is longer than a line. Lines after the first begin with `indent`.
std::vector<std::string> fold(std::string_view text, std::size_t width,
                              std::string_view indent = "");

}  // namespace metriclab
