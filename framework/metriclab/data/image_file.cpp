// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <metriclab/data/image_file.hpp>
#include <metriclab/plugin/error.hpp>

namespace metriclab {
namespace {

[[noreturn]] void cut_short(const std::string& name, const char* format) {
  throw Error(fmt::format("{}: this {} image is cut short; fetch or write it again", name, format));
}

/// The binary kinds P4, P5, P6 have a header of numbers, then rows of fixed size.
void check_pnm(std::string_view bytes, const std::string& name) {
  const char kind = bytes[1];
  std::array<std::uint64_t, 3> numbers = {0, 0, 1};  // width, height, the greatest value
  std::size_t at = 2;
  for (std::size_t i = 0; i < (kind == '4' ? 2U : 3U); ++i) {
    while (at < bytes.size() &&
           (std::isspace(static_cast<unsigned char>(bytes[at])) || bytes[at] == '#'))
      if (bytes[at++] == '#') at = std::min(bytes.find('\n', at), bytes.size());
    const auto [end, problem] =
        std::from_chars(bytes.data() + at, bytes.data() + bytes.size(), numbers[i]);
    if (problem != std::errc()) cut_short(name, "PNM");
    at = static_cast<std::size_t>(end - bytes.data());
  }
  const std::uint64_t channels = kind == '6' ? 3 : 1, depth = numbers[2] > 255 ? 2 : 1;
  const std::uint64_t row = kind == '4' ? (numbers[0] + 7) / 8 : numbers[0] * channels * depth;
  if (bytes.size() < at + 1 || bytes.size() - at - 1 < row * numbers[1]) cut_short(name, "PNM");
}

}  // namespace

void check_image_whole(std::string_view bytes, const std::string& name) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) {
    // The closing chunk: its type and its constant checksum.
    if (bytes.find("IEND\xae\x42\x60\x82") == std::string_view::npos) cut_short(name, "PNG");
  } else if (bytes.starts_with("\xff\xd8\xff")) {
    // The end marker has to come after the last scan begins; an embedded thumbnail lies before it.
    const std::size_t scan = bytes.rfind("\xff\xda"), end = bytes.rfind("\xff\xd9");
    if (scan == std::string_view::npos || end == std::string_view::npos || end < scan)
      cut_short(name, "JPEG");
  } else if (bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '4' && bytes[1] <= '6') {
    check_pnm(bytes, name);
  } else if (!(bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '3')) {
    throw Error(fmt::format(
        "{}: {}", name,
        bytes.empty() ? "is empty; an image was expected" : "is not a PNG, JPEG or PNM image"));
  }
}

}  // namespace metriclab
