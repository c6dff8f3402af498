// SPDX-License-Identifier: BSD-3-Clause
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>
#include <numeric>

namespace {

using namespace metriclab;

/// Relevant component analysis: whitens the covariance within chunks, groups of examples known to
/// be of one class each.
///
///     M = C⁺,  C = Σ_k Σ_{i in k} (x_i − m_k)(x_i − m_k)ᵀ / p
///
/// k runs over the chunks, m_k is the mean of chunk k, p the number of examples in chunks. With
/// `components` L's rows are the r directions of largest total over within-chunk variance,
///
///     T w = λ C w,  L C Lᵀ = I
///
/// T: the covariance of all examples, in chunks or not (the paper's constrained Fisher's linear
/// discriminant followed by whitening). The objective is the mean of ‖L(x_i − m_k)‖² over the
/// examples in chunks, which is r when nothing is shrunk.
///
/// C⁺ leaves out directions in which no chunk scatters (a constant feature; all but p − chunks of
/// them where there are fewer of those than d), so L is (rank × d). With `shrinkage` s > 0, C is (1
/// − s)·C + s·(tr(C)/d)·I and nothing is left out.
///
/// Chunks are given, or drawn from the labels: `n_chunks` of `chunk_size` examples of one class
/// each, fewer where the classes don't hold as many. No chunk of two different examples: an error.
class Rca final : public Solver {
 public:
  static void describe(Description<Rca>& is) {
    is.summary("whitens the covariance within chunks of examples known to be alike");
    is.source(
        "Shental, Hertz, Weinshall, Pavel. Adjustment learning and relevant component analysis. "
        "ECCV 2002");
    is.source(
        "Bar-Hillel, Hertz, Shental, Weinshall. Learning a Mahalanobis metric from equivalence "
        "constraints. Journal of Machine Learning Research 2005");
    is.cost(
        "O(p d² + d³) time for p examples in chunks, with components O(n d² + d³); O(d²) memory");
    is.parameter("n_chunks", &Rca::n_chunks, "chunks to draw from the labels").at_least(1);
    is.parameter("chunk_size", &Rca::chunk_size, "examples in a chunk drawn from the labels")
        .at_least(2);
    is.parameter("components", &Rca::components,
                 "dimensions kept, by total over within-chunk variance; null is all")
        .at_least(1);
    is.parameter("shrinkage", &Rca::shrinkage,
                 "part of the multiple of the identity that is mixed into the covariance within "
                 "chunks")
        .at_least(0)
        .at_most(1);
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "rca");
    const std::vector<Indices> chunks = require_chunks(problem, n_chunks, chunk_size, "rca");
    const auto one = [](std::int64_t) { return 1.0; };
    Matrix C = std::move(scatter_within(problem, chunks, {one}).sums[0]);
    double p = 0;
    for (const Indices& chunk : chunks) p += static_cast<double>(chunk.size());
    C /= p;
    Matrix shrunk = (1 - shrinkage) * C;
    shrunk.diagonal().array() += shrinkage * C.trace() / static_cast<double>(problem.d());
    Solution solution{.L = whitening(shrunk)};
    if (solution.L.rows() == 0)
      throw Error("rca needs chunks of examples that differ; the examples of each chunk are equal");
    if (components) {
      const std::int64_t r = require_components(components, solution.L.rows(),
                                                "the dimensions in which the chunks scatter");
      Indices all(static_cast<std::size_t>(problem.n()));
      std::iota(all.begin(), all.end(), std::int64_t{0});
      const Matrix T = std::move(scatter_within(problem, {all}, {one}).sums[0]);
      const SymmetricEigen ratio = symmetric_eigen(solution.L * T * solution.L.transpose());
      solution.L = ratio.vectors.topRows(r) * solution.L;
      fix_signs(solution.L);
    }
    solution.objective = (solution.L * C).cwiseProduct(solution.L).sum();
    return solution;
  }

 private:
  std::int64_t n_chunks = 100;
  std::int64_t chunk_size = 2;
  std::optional<std::int64_t> components;
  double shrinkage = 0;
};

METRICLAB_PLUGIN(Rca, "rca");

}  // namespace
