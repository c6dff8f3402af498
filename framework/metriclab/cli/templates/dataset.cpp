#include <cmath>
#include <metriclab/data/dataset.hpp>
#include <metriclab/plugin/random.hpp>

namespace {

using namespace metriclab;

/// Concentric rings in two dimensions, with further features that are noise.
///
///     x = ((y + 1) cos φ + ε₁, (y + 1) sin φ + ε₂, ε₃, …, ε_d),  φ ~ U(0, 2π),  ε ~ N(0, noise²)
///
/// y: the classes 0, 1, … in turn. No linear transformation tells them apart. Example i depends on
/// the seed and i alone: a larger n adds examples.
class MyDataset final : public Dataset {
 public:
  static void describe(Description<MyDataset>& is) {
    is.summary("generated: concentric rings, a class each, and features that are noise");
    is.source("yours: authors, title, venue, year; or where the data come from");
    is.cost("O(n d) time and memory");
    is.parameter("n", &MyDataset::n, "number of examples, spread evenly over the classes")
        .at_least(2);
    is.parameter("d", &MyDataset::d, "number of features; those beyond two are noise").at_least(2);
    is.parameter("classes", &MyDataset::classes, "number of classes").at_least(2);
    is.parameter("noise", &MyDataset::noise, "deviation of the noise; rings are 1 apart")
        .at_least(0);
    is.parameter("seed", &MyDataset::seed, "which data are generated").at_least(0);
  }

  Data load(const Places&) const override {
    if (classes > n)
      throw Error(std::to_string(classes) + " classes of " + std::to_string(n) +
                  " examples; each class needs one")
          .in("classes");
    Random random(static_cast<std::uint64_t>(seed), "my_dataset");
    std::vector<double> values;
    LabelColumn column{.name = "class", .values = {}, .classes = {}};
    for (std::int64_t c = 0; c < classes; ++c)
      column.classes.push_back("ring " + std::to_string(c));
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t y = i % classes;
      const double radius = static_cast<double>(y) + 1, angle = random.uniform(0, 2 * kPi);
      values.push_back(radius * std::cos(angle) + noise * random.normal());
      values.push_back(radius * std::sin(angle) + noise * random.normal());
      for (std::int64_t k = 2; k < d; ++k) values.push_back(noise * random.normal());
      column.values.push_back(static_cast<std::int32_t>(y));
    }
    Data data;
    data.examples = Examples({d}, std::move(values));
    data.columns = {std::move(column)};
    return data;
  }

 private:
  static constexpr double kPi = 3.14159265358979323846;

  std::int64_t n = 600;
  std::int64_t d = 10;
  std::int64_t classes = 3;
  double noise = 0.2;
  std::int64_t seed = 1;
};

METRICLAB_PLUGIN(MyDataset, "my_dataset");

}  // namespace
