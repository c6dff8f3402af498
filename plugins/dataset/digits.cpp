// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/data/dataset.hpp>
#include <metriclab/data/table_file.hpp>

namespace {

using namespace metriclab;

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
                 "\"vector\": 64 features 0 to 16 in float64; \"image\": 1 x 8 x 8 in float32, "
                 "scaled to [0, 1]")
        .one_of({"vector", "image"});
  }
  std::vector<std::filesystem::path> files(const Places&) const override {
    return {folder() / "data/digits.csv"};
  }
  Data load(const Places& places) const override {
    Data data = read_table(files(places).front(), {.header = "yes", .label = "class"});
    if (shape == "image") {
      std::vector<float> pixels;
      pixels.reserve(data.examples.doubles().size());
      for (double ink : data.examples.doubles())
        pixels.push_back(static_cast<float>(ink / kMostInk));
      data.examples = Examples({1, 8, 8}, std::move(pixels));
      data.feature_names.clear();
    }
    return data;
  }

 private:
  static constexpr double kMostInk = 16;
  std::string shape = "vector";
};

METRICLAB_PLUGIN(Digits, "digits");

}  // namespace
