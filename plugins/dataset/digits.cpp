// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/table_file.hpp>

namespace {

using namespace metriclab;

constexpr std::int64_t kSide = 8;

/// A square image at another size, bilinear between the centres of its pixels; beyond the outermost
/// centres the border's value holds.
std::vector<float> resized(const std::vector<float>& image, std::int64_t from, std::int64_t to) {
  struct Between {
    std::int64_t low, high;
    float part;  // of `high`
  };
  std::vector<Between> between;
  for (std::int64_t i = 0; i < to; ++i) {
    const double centre =
        (static_cast<double>(i) + 0.5) * static_cast<double>(from) / static_cast<double>(to) - 0.5;
    const double at = std::clamp(centre, 0.0, static_cast<double>(from - 1));
    const auto low = static_cast<std::int64_t>(at);
    between.push_back({low, std::min(low + 1, from - 1), static_cast<float>(at - std::floor(at))});
  }
  std::vector<float> values;
  for (const Between& y : between)
    for (const Between& x : between) {
      auto along = [&](std::int64_t row) {
        return std::lerp(image[static_cast<std::size_t>(row * from + x.low)],
                         image[static_cast<std::size_t>(row * from + x.high)], x.part);
      };
      values.push_back(std::lerp(along(y.low), along(y.high), y.part));
    }
  return values;
}

/// 1797 handwritten digits of 8 × 8 pixels, each pixel the ink count 0 … 16 of a 4 × 4 block; ten
/// classes of 174 to 183.
class Digits final : public Dataset {
 public:
  static void describe(Description<Digits>& is) {
    is.summary("handwritten digits of 8 x 8 pixels: 1797 x 64, 10 classes; comes with metriclab");
    is.source(
        "Alpaydin, Kaynak. Cascading classifiers. Kybernetika 1998 (the test part of UCI's "
        "optdigits)");
    is.parameter("shape", &Digits::shape,
                 "\"vector\": 64 features 0 to 16 in float64; \"image\": 1 x size x size in "
                 "float32, scaled to [0, 1]")
        .one_of({"vector", "image"});
    is.parameter("size", &Digits::size,
                 "height and width of the images, bilinear where they are not the 8 that the data "
                 "has: networks that halve their images need more")
        .at_least(1);
  }
  std::vector<std::filesystem::path> files(const Places&) const override {
    return {folder() / "data/digits.csv"};
  }
  Data load(const Places& places) const override {
    if (shape == "vector" && size != kSide)
      throw Error("vectors have no size; it is one of images (\"shape\": \"image\")").in("size");
    Data data = read_table(files(places).front(), {.header = "yes", .label = "class"});
    if (shape == "image") {
      const auto inks = data.examples.doubles();
      std::vector<float> pixels, image(kSide * kSide);
      for (std::size_t start = 0; start < inks.size(); start += image.size()) {
        for (std::size_t i = 0; i < image.size(); ++i)
          image[i] = static_cast<float>(inks[start + i] / kMostInk);
        const std::vector<float> sized = resized(image, kSide, size);
        pixels.insert(pixels.end(), sized.begin(), sized.end());
      }
      data.examples = Examples({1, size, size}, std::move(pixels));
      data.feature_names.clear();
    }
    return data;
  }

 private:
  static constexpr double kMostInk = 16;
  std::string shape = "vector";
  std::int64_t size = kSide;
};

METRICLAB_PLUGIN(Digits, "digits");

}  // namespace
