// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/projections.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>
#include <numeric>

namespace {

using namespace metriclab;

/// Principal component analysis: L's rows are the leading eigenvectors of the covariance (1/(n −
/// 1)), by falling variance; with `whiten` each is divided by its standard deviation.
///
/// Labels are not used. At most as many components as the rank of the centred data (variances above
/// max(n, d)·2⁻⁵² of the largest). The objective is the part of the total variance that is kept, in
/// 0 … 1. Signs: the entry of largest magnitude of each row is positive. All examples equal: an
/// error.
class Pca final : public Solver {
 public:
  static void describe(Description<Pca>& is) {
    is.summary("principal components of the features, whitened or not");
    is.source("Pearson. On lines and planes of closest fit to systems of points in space. 1901");
    is.source(
        "Hotelling. Analysis of a complex of statistical variables into principal components. "
        "Journal of Educational Psychology 1933");
    is.source(
        "Schölkopf, Smola, Müller. Nonlinear component analysis as a kernel eigenvalue problem. "
        "Neural Computation 1998");
    is.cost("O(n d² + d³) time, O(n d + d²) memory; for d > n O(n² d + n³) and O(n d + n²)");
    is.parameter("components", &Pca::components,
                 "dimensions kept; null is all that the training data span")
        .at_least(1);
    is.parameter("whiten", &Pca::whiten, "whether each component is scaled to unit variance");
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "pca");
    const std::int64_t n = problem.n();
    double total = 0;
    Directions found;
    if (problem.d() <= n) {
      Indices all(static_cast<std::size_t>(n));
      std::iota(all.begin(), all.end(), std::int64_t{0});
      Matrix C =
          std::move(scatter_within(problem, {all}, {[](std::int64_t) { return 1.0; }}).sums[0]);
      C /= static_cast<double>(std::max<std::int64_t>(n - 1, 1));
      total = C.trace();
      found = principal_components_of(std::move(C), n, "pca", components);
    } else {
      const Matrix X = problem.rows(0, n);
      total = (X.rowwise() - mean(X).transpose()).squaredNorm() / static_cast<double>(n - 1);
      found = principal_components(X, "pca", components);
    }
    const std::int64_t r =
        require_components(components, found.rows.rows(), "the rank of the centred data");
    Solution solution{.L = found.rows.topRows(r)};
    if (whiten)
      solution.L = found.values.head(r).cwiseSqrt().cwiseInverse().asDiagonal() * solution.L;
    solution.objective = std::min(1.0, found.values.head(r).sum() / total);
    return solution;
  }

 private:
  std::optional<std::int64_t> components;
  bool whiten = false;
};

METRICLAB_PLUGIN(Pca, "pca");

}  // namespace
