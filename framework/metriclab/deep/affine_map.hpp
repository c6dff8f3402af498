// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace metriclab {

/// An affine map of the plane of an image, about the image's centre. Coordinates are pixels from
/// there, x to the right and y down; it says where the value of an output pixel comes from:
///
///     x_in = xx·x_out + xy·y_out + x,    y_in = yx·x_out + yy·y_out + y
struct AffineMap {
  double xx = 1, xy = 0, yx = 0, yy = 1;
  double x = 0, y = 0;

  /// The map under which the picture is seen scaled, then sheared (x ← x + shear·y), then turned
  /// counter-clockwise by `degrees`, then shifted to the right and down by so many pixels.
  static AffineMap seen(double degrees, double scale, double shear, double right, double down);

  bool is_identity() const { return xx == 1 && xy == 0 && yx == 0 && yy == 1 && x == 0 && y == 0; }
};

/// Writes one mapped image, (channels × height × width), to `to`, which must not overlap `from`.
/// Bilinear between the four nearest pixels; those outside of the image have the value `fill`. The
/// identity copies. Cost: O(channels·height·width), in double precision for coordinates.
void warp(const AffineMap& map, const float* from, float* to, std::int64_t channels,
          std::int64_t height, std::int64_t width, float fill);

}  // namespace metriclab
