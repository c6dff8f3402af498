// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdio>
#include <optional>

namespace metriclab {

/// Columns of the terminal that a stream writes to; none where it is no terminal.
std::optional<std::size_t> terminal_width(std::FILE* stream);

}  // namespace metriclab
