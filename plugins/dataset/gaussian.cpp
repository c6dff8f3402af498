// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <metriclab/data/dataset.hpp>
#include <metriclab/plugin/random.hpp>

namespace {

using namespace metriclab;

/// Gaussian classes in a few informative dimensions, hidden among noise by a linear map.
///
///     x = A z,   z = (s·c_y + e, e'),   c_y, e ~ N(0, I_informative),   e' ~ N(0, I_(d −
///     informative))
///
/// s: the separation, in deviations of a class; A: (d × d) with elements N(0, 1/d); y: the classes
/// in turn. So the best linear transformation is known: the first rows of A⁻¹. Example i depends on
/// the seed and i alone: a larger n adds examples.
class Gaussian final : public Dataset {
 public:
  static void describe(Description<Gaussian>& is) {
    is.summary(
        "generated: Gaussian classes in a few informative dimensions, linearly mixed with noise");
    is.source("made for metriclab");
    is.cost("O(n d^2) time, O(n d) memory");
    is.parameter("n", &Gaussian::n, "number of examples, spread evenly over the classes")
        .at_least(2);
    is.parameter("d", &Gaussian::d, "number of features").at_least(1);
    is.parameter("classes", &Gaussian::classes, "number of classes").at_least(2);
    is.parameter("informative", &Gaussian::informative,
                 "dimensions, before mixing, in which the classes differ")
        .at_least(1);
    is.parameter("separation", &Gaussian::separation,
                 "deviation of the class centres, in deviations of a class")
        .at_least(0);
    is.parameter("seed", &Gaussian::seed,
                 "which data are generated; another seed gives other classes too")
        .at_least(0);
  }

  Data load(const Places&) const override {
    if (informative > d)
      throw Error(std::to_string(informative) + " informative dimensions of " + std::to_string(d) +
                  "; at most all can be")
          .in("informative");
    if (classes > n)
      throw Error(std::to_string(classes) + " classes of " + std::to_string(n) +
                  " examples; each class needs one")
          .in("classes");
    const Random stream(static_cast<std::uint64_t>(seed), "gaussian");
    const Matrix centres = normals(classes, informative, separation, stream.child("centres"));
    const Matrix mixing =
        normals(d, d, 1 / std::sqrt(static_cast<double>(d)), stream.child("mixing"));
    std::vector<double> values(static_cast<std::size_t>(n * d));
    Eigen::Map<Matrix> X(values.data(), n, d);
    LabelColumn column;
    column.name = "class";
    for (std::int64_t c = 0; c < classes; ++c) column.classes.push_back(std::to_string(c));
    Random random = stream.child("examples");
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t y = i % classes;
      column.values.push_back(static_cast<std::int32_t>(y));
      // Sums of rows, not a product by BLAS, whose rounding depends on the machine.
      for (std::int64_t j = 0; j < d; ++j)
        X.row(i) += (random.normal() + (j < informative ? centres(y, j) : 0)) * mixing.row(j);
    }
    Data data;
    data.examples = Examples({d}, std::move(values));
    data.columns = {std::move(column)};
    return data;
  }

 private:
  static Matrix normals(std::int64_t rows, std::int64_t columns, double deviation, Random random) {
    Matrix matrix(rows, columns);
    for (double& value : matrix.reshaped()) value = deviation * random.normal();
    return matrix;
  }

  std::int64_t n = 1000;
  std::int64_t d = 50;
  std::int64_t classes = 10;
  std::int64_t informative = 8;
  double separation = 2;
  std::int64_t seed = 1;
};

METRICLAB_PLUGIN(Gaussian, "gaussian");

}  // namespace
