// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/deep/affine_map.hpp>
#include <numbers>

namespace metriclab {

AffineMap AffineMap::seen(double degrees, double scale, double shear, double right, double down) {
  const double angle = degrees * std::numbers::pi / 180;
  const double c = std::cos(angle), s = std::sin(angle);
  AffineMap map;
  map.xx = (c - shear * s) / scale;
  map.xy = (-s - shear * c) / scale;
  map.yx = s / scale;
  map.yy = c / scale;
  map.x = -(map.xx * right + map.xy * down);
  map.y = -(map.yx * right + map.yy * down);
  return map;
}

namespace {

float between(float a, float b, float part) { return a + part * (b - a); }

}  // namespace

void warp(const AffineMap& map, const float* from, float* to, std::int64_t channels,
          std::int64_t height, std::int64_t width, float fill) {
  const std::int64_t plane = height * width;
  if (map.is_identity()) {
    std::copy_n(from, channels * plane, to);
    return;
  }
  const double x_centre = static_cast<double>(width - 1) / 2,
               y_centre = static_cast<double>(height - 1) / 2;
  const double x_end = static_cast<double>(width), y_end = static_cast<double>(height);
  for (std::int64_t row = 0; row < height; ++row) {
    const double y_out = static_cast<double>(row) - y_centre;
    const double x_start = map.xy * y_out + map.x + x_centre,
                 y_start = map.yy * y_out + map.y + y_centre;
    float* target = to + row * width;
    for (std::int64_t column = 0; column < width; ++column, ++target) {
      const double x_out = static_cast<double>(column) - x_centre;
      const double x = map.xx * x_out + x_start, y = map.yx * x_out + y_start;
      // Also false for NaN; and what is converted to an integer below fits one.
      if (!(x > -1 && x < x_end && y > -1 && y < y_end)) {
        for (std::int64_t c = 0; c < channels; ++c) target[c * plane] = fill;
        continue;
      }
      // x + 1 > 0, so that the conversion rounds down.
      const std::int64_t left = static_cast<std::int64_t>(x + 1) - 1,
                         top = static_cast<std::int64_t>(y + 1) - 1;
      const auto x_part = static_cast<float>(x - static_cast<double>(left)),
                 y_part = static_cast<float>(y - static_cast<double>(top));
      if (left >= 0 && left + 1 < width && top >= 0 && top + 1 < height) {
        const float* at = from + top * width + left;
        for (std::int64_t c = 0; c < channels; ++c, at += plane)
          target[c * plane] = between(between(at[0], at[1], x_part),
                                      between(at[width], at[width + 1], x_part), y_part);
        continue;
      }
      for (std::int64_t c = 0; c < channels; ++c) {
        auto value = [&](std::int64_t y_at, std::int64_t x_at) {
          const bool inside = x_at >= 0 && x_at < width && y_at >= 0 && y_at < height;
          return inside ? from[c * plane + y_at * width + x_at] : fill;
        };
        target[c * plane] =
            between(between(value(top, left), value(top, left + 1), x_part),
                    between(value(top + 1, left), value(top + 1, left + 1), x_part), y_part);
      }
    }
  }
}

}  // namespace metriclab
