// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <metriclab/classical/eigenproblem.hpp>
#include <metriclab/classical/scatter.hpp>
#include <metriclab/classical/supervision.hpp>

namespace {

using namespace metriclab;

/// Discriminative component analysis: RCA with negative constraints. In the subspace in which the
/// means of chunks that are known to differ do differ, what varies within chunks is whitened away,
///
///     maximise over L with rows in the range of C_b:  |L C_b Lᵀ| / |L C_w Lᵀ|
///     C_w = mean over chunks of the covariance within the chunk
///     C_b = mean over pairs of chunks known to differ of (m_a − m_b)(m_a − m_b)ᵀ
///
/// with L C_w Lᵀ = I and L C_b Lᵀ diagonal; rows by falling diagonal, the ratio of between to
/// within, of which `components` are kept. The objective is the sum of these ratios.
///
/// Chunks are given, or drawn from the labels as in rca. Two chunks are known to differ if a given
/// dissimilar pair joins them; without such pairs if their classes do (that of a chunk's first
/// example); without labels always.
///
/// C_w is mixed with shrinkage times its mean diagonal; without, directions of C_b's range in which
/// the chunks don't scatter are left out. Errors: no chunk of two; none that differ; chunks whose
/// means are equal; no scatter within chunks. Differs from the paper: C_b averages over each pair
/// of chunks once, as the paper's double sum does over each twice.
class Dca final : public Solver {
 public:
  static void describe(Description<Dca>& is) {
    is.summary("chunks that differ apart, scatter within chunks whitened away");
    is.source(
        "Hoi, Liu, Lyu, Ma. Learning distance metrics with contextual constraints for image "
        "retrieval. CVPR 2006");
    is.cost(
        "O(m d² + p d² + d³) time for m examples in chunks and p pairs of them that differ, "
        "O(k d² + d³) of k chunks of labels; O(k d + d²) memory");
    is.parameter("n_chunks", &Dca::n_chunks, "chunks to draw from the labels").at_least(1);
    is.parameter("chunk_size", &Dca::chunk_size, "examples of a chunk drawn").at_least(2);
    is.parameter("components", &Dca::components,
                 "rows of L; null is the rank of the means that differ")
        .at_least(1);
    is.parameter("shrinkage", &Dca::shrinkage,
                 "part of the multiple of the identity that is mixed into the covariance within "
                 "chunks")
        .at_least(0)
        .at_most(1);
    describe_kernel(is);
  }

  bool reads_blocks() const override { return true; }

  Solution learn(const SolverProblem& problem) override {
    require_features(problem, "dca");
    const std::vector<Indices> chunks = require_chunks(problem, n_chunks, chunk_size, "dca");
    const GroupScatter scatter = scatter_within(
        problem, chunks, {[](std::int64_t size) { return 1 / static_cast<double>(size); }});
    const Matrix within = scatter.sums[0] / static_cast<double>(chunks.size());
    const Matrix between = scatter_of_means(problem, chunks, scatter.means);

    const SymmetricEigen means = symmetric_eigen(between);
    const std::int64_t rank = numerical_rank(means.values.cwiseMax(0), kNone);
    if (rank == 0)
      throw Error("dca needs chunks with different means; those known to differ have equal ones");
    // The range of C_b, in coordinates in which C_b is the identity.
    const Matrix Z = means.values.head(rank).cwiseSqrt().cwiseInverse().asDiagonal() *
                     means.vectors.topRows(rank);
    Matrix shrunk = (1 - shrinkage) * within;
    shrunk.diagonal().array() += shrinkage * within.trace() / static_cast<double>(problem.d());
    const SymmetricEigen noise = symmetric_eigen(Z * shrunk * Z.transpose());
    const std::int64_t scattered = numerical_rank(noise.values.cwiseMax(0), kNone);
    if (!(noise.values[0] > 0) || scattered == 0)
      throw Error(
          "dca needs chunks of examples that differ; where their means do, those of each chunk are "
          "equal");
    const std::int64_t r = require_components(
        components, scattered, "the dimensions in which chunks and their means scatter");
    // The least noise first: it is the reciprocal of the ratio.
    const Vector least = noise.values.head(scattered).reverse().head(r);
    Solution solution{.L = least.cwiseSqrt().cwiseInverse().asDiagonal() *
                           noise.vectors.topRows(scattered).colwise().reverse().topRows(r) * Z};
    fix_signs(solution.L);
    solution.objective = least.cwiseInverse().sum();
    return solution;
  }

 private:
  static constexpr double kNone = 1e-10;  // of the greatest eigenvalue, below which is rounding

  /// C_b; pairs of chunks that are known to differ.
  static Matrix scatter_of_means(const SolverProblem& problem, const std::vector<Indices>& chunks,
                                 const Matrix& means) {
    SolverProblem of_means{.X = means, .random = problem.random};
    std::vector<LabelledPair> differing = joined(problem, chunks);
    PairScatter scatter;
    if (!differing.empty()) {
      scatter = pair_scatter(of_means, differing);
    } else {
      for (std::size_t k = 0; k < chunks.size(); ++k)
        of_means.y.push_back(problem.y.empty() ? static_cast<std::int32_t>(k)
                                               : problem.y[static_cast<std::size_t>(chunks[k][0])]);
      scatter = pair_scatter(of_means, class_members(of_means.y));
    }
    if (scatter.n_dissimilar == 0)
      throw Error(
          "dca needs two chunks that are known to differ; give a dissimilar pair between two "
          "chunks, or chunks of two classes");
    return scatter.dissimilar / scatter.n_dissimilar;
  }

  /// The pairs of chunks that given dissimilar pairs of examples join, each once.
  static std::vector<LabelledPair> joined(const SolverProblem& problem,
                                          const std::vector<Indices>& chunks) {
    std::vector<LabelledPair> pairs;
    if (std::none_of(problem.pairs.begin(), problem.pairs.end(),
                     [](const LabelledPair& pair) { return !pair.similar; }))
      return pairs;
    Indices chunk_of(static_cast<std::size_t>(problem.n()), -1);
    for (std::size_t k = 0; k < chunks.size(); ++k)
      for (const std::int64_t i : chunks[k])
        chunk_of[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(k);
    std::vector<std::pair<std::int64_t, std::int64_t>> ends;
    for (const LabelledPair& pair : require_pairs(problem, std::nullopt, "dca")) {
      const std::int64_t a = chunk_of[static_cast<std::size_t>(pair.first)],
                         b = chunk_of[static_cast<std::size_t>(pair.second)];
      if (!pair.similar && a >= 0 && b >= 0 && a != b) ends.emplace_back(std::minmax(a, b));
    }
    std::sort(ends.begin(), ends.end());
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    for (const auto& [a, b] : ends) pairs.push_back({a, b, false});
    return pairs;
  }

  std::int64_t n_chunks = 100;
  std::int64_t chunk_size = 2;
  std::optional<std::int64_t> components;
  double shrinkage = 0;
};

METRICLAB_PLUGIN(Dca, "dca");

}  // namespace
