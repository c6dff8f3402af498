// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace metriclab {

/// Throws Error, `name` in front, where the bytes of a PNG, JPEG or PNM image stop before its end,
/// or are none of these. Decoders differ in what they make of such a file: some fill the rest with
/// grey and say nothing.
void check_image_whole(std::string_view bytes, const std::string& name);

}  // namespace metriclab
