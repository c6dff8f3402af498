// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <metriclab/plugin/plugin.hpp>
#include <string_view>

namespace metriclab {

/// What of Eigen crosses the plugin border: its version, and the alignment that follows from the -m
/// flags.
inline constexpr std::string_view kEigenAbi = "eigen=" METRICLAB_TEXT(EIGEN_WORLD_VERSION) "." METRICLAB_TEXT(
    EIGEN_MAJOR_VERSION) "." METRICLAB_TEXT(EIGEN_MINOR_VERSION) " alignment "
#if EIGEN_MAX_ALIGN_BYTES == 64
    "64"
#elif EIGEN_MAX_ALIGN_BYTES == 32
    "32"
#elif EIGEN_MAX_ALIGN_BYTES == 16
    "16"
#else
    "other"
#endif
    "\n";

}  // namespace metriclab
