// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <Eigen/IterativeLinearSolvers>
#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/classification.hpp>
#include <metriclab/neighbors/search.hpp>

namespace {

using namespace metriclab;

/// Learning with local and global consistency: the training part's labels spread over a graph of
/// the training and the test embeddings, so that test examples also go by one another
/// (transductive, semi-supervised),
///
///     F = (I − αS)⁻¹ Y,  S = D^(−½) W D^(−½),  D = diag(Σ_j W_ij)
///     W_ij = exp(−d_ij² / 2σ²) where i is among the n_neighbors nearest of j or j among those of
///     i, else 0
///
/// (section 2, eq. 3 up to a factor that changes no label). F, Y: (n × classes), n examples of both
/// parts; Y_ic = 1 where i is a training example of class c, else 0. A test example gets the class
/// with the greatest F_ic; ties: the smallest label. Measured on the test part: accuracy,
/// balanced_accuracy, macro_f1 (their definitions: evaluation/classification.hpp).
///
/// d: the Euclidean distance of embeddings, for cosine of embeddings scaled to length 1; under
/// other distances there is no value. `bandwidth` is σ, in the unit of d; null: the mean over all
/// examples of the distance to the n_neighbors-th, so that the unit makes no difference (1 in place
/// of 0, where all neighbours coincide).
///
/// One system a class, by conjugate gradients to a residual of ε‖y_c‖, ε = 1e-12. Since I − αS has
/// no eigenvalue below 1 − α, an F_ic above ε‖y_c‖/(1 − α) is surely positive. A test example
/// without one, which no training example reaches through the graph, gets the label of its nearest
/// training example.
///
/// An empty part, or a test part that shares no class with the training part: NaN. Throws Error
/// where both parts together have no more than n_neighbors examples. Differs from the paper: the
/// graph is that of nearest neighbours instead of the full one, so that S is sparse. Defaults: α of
/// the paper's experiments, n_neighbors of scikit-learn's LabelSpreading.
class LabelPropagation final : public Evaluator {
 public:
  static void describe(Description<LabelPropagation>& is) {
    is.summary(
        "labels spread over a graph of training and test embeddings: accuracy, balanced accuracy, "
        "macro F1");
    is.source(
        "Zhou, Bousquet, Lal, Weston, Schölkopf. Learning with local and global consistency. NIPS "
        "2003");
    is.cost(
        "O(n² · d) time as a matrix product, then O(classes · n · n_neighbors / √(1 − alpha)); O(n "
        "· (d + n_neighbors)) memory, for n examples of both parts");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("n_neighbors", &LabelPropagation::n_neighbors,
                 "how many nearest examples each is linked to")
        .at_least(1);
    is.parameter("alpha", &LabelPropagation::alpha,
                 "how much of its label an example takes from its neighbours")
        .above(0)
        .below(1);
    is.parameter("bandwidth", &LabelPropagation::bandwidth,
                 "the Gaussian's deviation; null: the mean distance to the n_neighbors-th")
        .above(0);
  }

  bool compares(Distance distance) const override {
    return distance == Distance::euclidean || distance == Distance::squared_euclidean ||
           distance == Distance::cosine;
  }
  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    if (const auto reason = unclassifiable(input.test, input.train)) return unclassified(*reason);
    const std::int64_t n_train = input.train.embeddings.rows();
    const std::int64_t n = n_train + input.test.embeddings.rows();
    if (n <= n_neighbors)
      throw Error(fmt::format(
          "label_propagation: n_neighbors = {} asks for at least {} examples in both parts "
          "together, which have {}; lower n_neighbors",
          n_neighbors, n_neighbors + 1, n));
    MatrixF all(n, input.test.embeddings.cols());
    all << input.train.embeddings, input.test.embeddings;
    return classification_metrics(input.test.labels(), spread(input, system_of(all, input)));
  }

 private:
  using Sparse = Eigen::SparseMatrix<double, Eigen::RowMajor, std::int64_t>;
  struct Edge {
    std::int64_t from = 0, to = 0;  // from < to
    double weight = 0;              // d, then exp(−d²/2σ²)
  };

  /// Each pair of which one is a neighbour of the other, once, with its distance.
  std::vector<Edge> edges_of(const MatrixF& all, Distance distance, int threads,
                             double& sigma) const {
    const bool cosine = distance == Distance::cosine;
    // Of the Euclidean distances the one that float can hold the most of.
    const Neighbors<float> found = nearest_neighbors(
        all, n_neighbors, cosine ? Distance::cosine : Distance::euclidean, threads);
    std::vector<Edge> edges;
    double sum = 0;
    for (std::int64_t i = 0; i < all.rows(); ++i) {
      double length = 0;
      for (std::int64_t rank = 0; rank < n_neighbors; ++rank) {
        const std::int64_t j = found.indices(i, rank);
        length = std::min(found.distances(i, rank), std::numeric_limits<float>::max());
        if (cosine) length = std::sqrt(2 * length);
        edges.push_back({.from = std::min(i, j), .to = std::max(i, j), .weight = length});
      }
      sum += length;
    }
    sigma = sum / static_cast<double>(all.rows());
    const auto ends = [](const Edge& edge) { return std::pair(edge.from, edge.to); };
    std::sort(edges.begin(), edges.end(),
              [&](const Edge& a, const Edge& b) { return ends(a) < ends(b); });
    const auto same = [&](const Edge& a, const Edge& b) { return ends(a) == ends(b); };
    edges.erase(std::unique(edges.begin(), edges.end(), same), edges.end());
    return edges;
  }

  /// I − αS.
  Sparse system_of(const MatrixF& all, const Evaluation& input) const {
    double sigma = 0;
    std::vector<Edge> edges = edges_of(all, input.distance, input.threads, sigma);
    if (bandwidth) sigma = *bandwidth;
    if (sigma == 0) sigma = 1;
    Vector degrees = Vector::Zero(all.rows());
    for (Edge& edge : edges) {
      const double ratio = edge.weight / sigma;
      edge.weight = std::exp(-ratio * ratio / 2);
      degrees[edge.from] += edge.weight;
      degrees[edge.to] += edge.weight;
    }
    std::vector<Eigen::Triplet<double, std::int64_t>> entries;
    entries.reserve(2 * edges.size() + static_cast<std::size_t>(all.rows()));
    for (std::int64_t i = 0; i < all.rows(); ++i) entries.emplace_back(i, i, 1);
    for (const Edge& edge : edges) {
      if (edge.weight == 0) continue;
      const double value =
          -alpha * (edge.weight / std::sqrt(degrees[edge.from]) / std::sqrt(degrees[edge.to]));
      entries.emplace_back(edge.from, edge.to, value);
      entries.emplace_back(edge.to, edge.from, value);
    }
    Sparse system(all.rows(), all.rows());
    system.setFromTriplets(entries.begin(), entries.end());
    return system;
  }

  std::vector<std::int32_t> spread(const Evaluation& input, const Sparse& system) const {
    constexpr double kResidual = 1e-12;
    const std::int64_t n_train = input.train.embeddings.rows(),
                       n_test = input.test.embeddings.rows();
    Eigen::ConjugateGradient<Sparse, Eigen::Lower | Eigen::Upper, Eigen::IdentityPreconditioner>
        solver(system);
    solver.setTolerance(kResidual);
    std::vector<std::int32_t> labels(static_cast<std::size_t>(n_test), -1);
    Vector greatest = Vector::Zero(n_test);
    for (const auto& [label, members] : members_by_class(input.train.labels())) {
      Vector y = Vector::Zero(system.rows());
      y(members).setOnes();
      const Vector f = solver.solve(y);
      const double error = kResidual * y.norm() / (1 - alpha);
      for (std::int64_t i = 0; i < n_test; ++i)
        if (const double value = f[n_train + i]; value > std::max(error, greatest[i])) {
          greatest[i] = value;
          labels[static_cast<std::size_t>(i)] = label;
        }
    }
    take_nearest(input, labels);
    return labels;
  }

  /// For those that have no label yet.
  static void take_nearest(const Evaluation& input, std::vector<std::int32_t>& labels) {
    Indices unreached;
    for (std::size_t i = 0; i < labels.size(); ++i)
      if (labels[i] < 0) unreached.push_back(static_cast<std::int64_t>(i));
    if (unreached.empty()) return;
    const MatrixF points = input.test.embeddings(unreached, Eigen::all);
    const auto found =
        nearest_neighbors(points, input.train.embeddings, 1, input.distance, input.threads);
    for (std::size_t at = 0; at < unreached.size(); ++at)
      labels[static_cast<std::size_t>(unreached[at])] =
          input.train
              .labels()[static_cast<std::size_t>(found.indices(static_cast<std::int64_t>(at), 0))];
  }

  std::int64_t n_neighbors = 7;
  double alpha = 0.99;
  std::optional<double> bandwidth;
};

METRICLAB_PLUGIN(LabelPropagation, "label_propagation");

}  // namespace
