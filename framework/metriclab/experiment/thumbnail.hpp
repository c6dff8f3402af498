// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <metriclab/data/dataset.hpp>
#include <optional>
#include <span>
#include <string>

namespace metriclab {

/// Small pictures of the examples of a data set, for people to look at.
class Thumbnails {
 public:
  /// Of which some are taken to see what is black and what is white: 0, or the least value where
  /// one is below, and the greatest.
  explicit Thumbnails(const Data& data);

  /// Whether examples are pictures: of shape (1 | 3, height, width), or vectors whose features are
  /// named "pixel_ROW_COLUMN", row by row.
  bool are_pictures() const { return height_ > 0; }
  /// Example `index` as a PNG file, at most 32 pixels wide and high: what is larger is averaged.
  std::string png(std::int64_t index) const;

 private:
  const Data& data_;
  std::int64_t channels_ = 0, height_ = 0, width_ = 0;
  double black_ = 0, white_ = 1;
};

/// A PNG file of 8 bits a value, `channels` 1 (grey) or 3 (red, green, blue), by rows, the channels
/// of a pixel side by side. Source: W3C Recommendation PNG (third edition).
std::string png_of(std::span<const std::uint8_t> pixels, std::int64_t channels, std::int64_t height,
                   std::int64_t width);

/// RFC 4648, section 4, with padding.
std::string base64_of(std::string_view bytes);

}  // namespace metriclab
