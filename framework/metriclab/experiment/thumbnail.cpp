// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <metriclab/experiment/thumbnail.hpp>

namespace metriclab {
namespace {

// Of a picture's sides, in pixels.
constexpr std::int64_t kMost = 32;
// Examples that tell black and white.
constexpr std::int64_t kLooked = 256;

/// The side of the square whose pixels, row by row, the features are named after; 0: no picture.
std::int64_t side_of(const std::vector<std::string>& names) {
  const auto n = static_cast<std::int64_t>(names.size());
  const auto side = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(n))));
  if (side < 2 || side * side != n) return 0;
  for (std::int64_t i = 0; i < n; ++i)
    if (names[static_cast<std::size_t>(i)] != fmt::format("pixel_{}_{}", i / side, i % side))
      return 0;
  return side;
}

void append_number(std::string& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
}

void append_chunk(std::string& file, const char* type, const std::string& content) {
  append_number(file, static_cast<std::uint32_t>(content.size()));
  const std::string checked = type + content;
  file += checked;
  append_number(
      file, static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(checked.data()),
                                               static_cast<uInt>(checked.size()))));
}

}  // namespace

std::string png_of(std::span<const std::uint8_t> pixels, std::int64_t channels, std::int64_t height,
                   std::int64_t width) {
  std::string rows;
  for (std::int64_t y = 0; y < height; ++y) {
    rows += '\0';  // no filter
    const auto row = pixels.subspan(static_cast<std::size_t>(y * width * channels),
                                    static_cast<std::size_t>(width * channels));
    rows.append(row.begin(), row.end());
  }
  uLongf size = ::compressBound(static_cast<uLong>(rows.size()));
  std::string packed(size, '\0');
  const int failed = ::compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                                 reinterpret_cast<const Bytef*>(rows.data()),
                                 static_cast<uLong>(rows.size()), Z_BEST_COMPRESSION);
  METRICLAB_CHECK(failed == Z_OK, "zlib has room enough");
  packed.resize(size);

  std::string head;
  append_number(head, static_cast<std::uint32_t>(width));
  append_number(head, static_cast<std::uint32_t>(height));
  const char colour_type = channels == 3 ? 2 : 0;
  head += {8, colour_type, 0, 0, 0};
  std::string file = "\x89PNG\r\n\x1a\n";
  append_chunk(file, "IHDR", head);
  append_chunk(file, "IDAT", packed);
  append_chunk(file, "IEND", "");
  return file;
}

std::string base64_of(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    for (std::size_t i = 0; i < 4; ++i)
      text += i <= count ? kDigits[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

Thumbnails::Thumbnails(const Data& data) : data_(data) {
  const Shape& shape = data.examples.shape();
  if (shape.size() == 3 && (shape[0] == 1 || shape[0] == 3) && shape[1] > 1 && shape[2] > 1) {
    channels_ = shape[0];
    height_ = shape[1];
    width_ = shape[2];
  } else if (shape.size() == 1) {
    channels_ = 1;
    height_ = width_ = side_of(data.feature_names);
  }
  if (!are_pictures() || data.size() == 0) return;
  // Some all over the set, which may be sorted by class.
  const std::int64_t step = std::max<std::int64_t>(1, data.size() / kLooked);
  double least = 0, most = 0;
  for (std::int64_t i = 0; i < data.size(); i += step) {
    const Matrix values = data.examples.rows(i, 1);
    least = std::min(least, values.minCoeff());
    most = std::max(most, values.maxCoeff());
  }
  black_ = least;
  white_ = most > least ? most : least + 1;
}

std::string Thumbnails::png(std::int64_t index) const {
  const Matrix values = data_.examples.rows(index, 1);
  const std::int64_t longest = std::max(height_, width_);
  const auto reduced = [&](std::int64_t side) {
    return longest <= kMost ? side : std::max<std::int64_t>(1, side * kMost / longest);
  };
  const std::int64_t height = reduced(height_), width = reduced(width_);
  std::vector<std::uint8_t> pixels;
  for (std::int64_t y = 0; y < height; ++y)
    for (std::int64_t x = 0; x < width; ++x)
      for (std::int64_t c = 0; c < channels_; ++c) {
        const std::int64_t top = y * height_ / height, bottom = (y + 1) * height_ / height;
        const std::int64_t left = x * width_ / width, right = (x + 1) * width_ / width;
        double sum = 0;
        for (std::int64_t row = top; row < bottom; ++row)
          for (std::int64_t column = left; column < right; ++column)
            sum += values(0, (c * height_ + row) * width_ + column);
        const double mean = sum / static_cast<double>((bottom - top) * (right - left));
        const double shade = std::clamp((mean - black_) / (white_ - black_), 0.0, 1.0);
        pixels.push_back(static_cast<std::uint8_t>(std::lround(255 * shade)));
      }
  return png_of(pixels, channels_, height, width);
}

}  // namespace metriclab
