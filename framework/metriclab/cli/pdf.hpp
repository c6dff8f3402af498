// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

namespace metriclab {

/// Writes an SVG picture as a PDF of one page of its size, fonts embedded, by librsvg's
/// `rsvg-convert`; the file appears whole or not at all. Throws Error where that command isn't on
/// the PATH, or fails.
void write_pdf(const std::filesystem::path& file, const std::string& svg);

}  // namespace metriclab
