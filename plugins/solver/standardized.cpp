// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// The Euclidean distance of standardised features: each is divided by its deviation.
///
///     L = diag(1/s_1, …, 1/s_d),  s_j² = Σ_i (x_ij − m_j)² / (n − 1)
///
/// Labels are not used. Constant features have no deviation: they are left out, so that L is
/// (features that vary × d). All examples equal: an error. Examples are read in blocks, so they
/// need not be in memory.
class Standardized final : public Solver {
 public:
  static void describe(Description<Standardized>& is) {
    is.summary("the Euclidean distance of features scaled to unit deviation");
    is.source(
        "Duda, Hart, Stork. Pattern classification, 2nd ed., section 10.6 (scaling before "
        "clustering). Wiley 2001");
    is.cost("O(n d) time, O(d) memory");
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "standardized");
    constexpr std::int64_t kBlock = 4096;
    const std::int64_t n = problem.n(), d = problem.d();
    // From the first example on, so that of a constant feature nothing is left but zeros.
    const Eigen::RowVectorXd origin = problem.rows(0, 1).row(0);
    Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(d), squares = mean;
    auto each_block = [&](auto take) {
      for (std::int64_t begin = 0; begin < n; begin += kBlock)
        take(problem.rows(begin, std::min(kBlock, n - begin)).rowwise() - origin);
    };
    each_block([&](const auto& rows) { mean += rows.colwise().sum() / static_cast<double>(n); });
    Indices vary;
    each_block([&](const auto& rows) {
      squares += (rows.rowwise() - mean).colwise().squaredNorm() / static_cast<double>(n - 1);
    });
    for (std::int64_t j = 0; j < d; ++j)
      if (squares[j] > 0) vary.push_back(j);
    if (vary.empty())
      throw Error("standardized needs examples that differ; all of these are equal");
    Matrix L = Matrix::Zero(static_cast<std::int64_t>(vary.size()), d);
    for (std::size_t row = 0; row < vary.size(); ++row)
      L(static_cast<std::int64_t>(row), vary[row]) = 1 / std::sqrt(squares[vary[row]]);
    return {.L = std::move(L)};
  }
};

METRICLAB_PLUGIN(Standardized, "standardized");

}  // namespace
