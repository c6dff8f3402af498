// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/agreement.hpp>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/neighbors/search.hpp>
#include <set>

namespace {

using namespace metriclab;

/// How well k-means on the test part's embeddings finds its classes again: nmi, ami and ari of
/// clusters against labels (their definitions: evaluation/agreement.hpp).
///
/// As many clusters as classes; k-means++ seeding; Lloyd's steps until no example changes its
/// cluster; of n_init such runs the one with the least sum of squared distances. An emptied cluster
/// starts again at the example that is farthest from its centre. k-means knows only the Euclidean
/// distance: for cosine the embeddings are first scaled to length 1, for dot they are taken as they
/// are. Under the other distances, for which a mean is not the centre of a cluster, there is no
/// value. Fewer than two classes: NaN.
class Clustering final : public Evaluator {
 public:
  static void describe(Description<Clustering>& is) {
    is.summary("k-means clusters against the classes: NMI, AMI, ARI");
    is.source(
        "Lloyd. Least squares quantization in PCM. IEEE Transactions on Information Theory 1982");
    is.source("Arthur, Vassilvitskii. k-means++: the advantages of careful seeding. SODA 2007");
    is.source(
        "Vinh, Epps, Bailey. Information theoretic measures for clusterings comparison. JMLR 2010");
    is.source("Hubert, Arabie. Comparing partitions. Journal of Classification 1985");
    is.cost("O(n_init · steps · n · classes · d) time, mostly matrix products; O(n · d) memory");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("n_init", &Clustering::n_init, "how many times k-means starts afresh").at_least(1);
    is.parameter("max_iterations", &Clustering::max_iterations, "Lloyd's steps of a run, at most")
        .at_least(1);
  }

  bool compares(Distance distance) const override {
    return distance == Distance::euclidean || distance == Distance::squared_euclidean ||
           distance == Distance::cosine || distance == Distance::dot;
  }
  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    const std::int64_t n = input.test.embeddings.rows();
    const std::vector<std::int32_t> none;
    const auto& labels = n == 0 ? none : input.test.labels();
    const auto classes =
        static_cast<std::int64_t>(std::set<std::int32_t>(labels.begin(), labels.end()).size());
    if (classes < 2) {
      const std::string reason =
          n == 0 ? "the test part is empty" : "the test part has one class only";
      return {undefined("nmi", reason), undefined("ami", reason), undefined("ari", reason)};
    }
    MatrixF points = input.test.embeddings;
    if (input.distance == Distance::cosine) {
      for (std::int64_t i = 0; i < n; ++i)
        if (const double norm = points.row(i).cast<double>().norm(); norm > 0)
          points.row(i) = (points.row(i).cast<double>() / norm).cast<float>();
    }
    Clusters best;
    for (std::int64_t start = 0; start < n_init; ++start) {
      Clusters clusters =
          k_means(points, classes, input.random.child(static_cast<std::uint64_t>(start)));
      if (clusters.inertia < best.inertia) best = std::move(clusters);
    }
    return {metric("nmi", normalized_mutual_information(labels, best.labels)),
            metric("ami", adjusted_mutual_information(labels, best.labels)),
            metric("ari", adjusted_rand_index(labels, best.labels))};
  }

 private:
  struct Clusters {
    std::vector<std::int32_t> labels;
    double inertia = std::numeric_limits<double>::infinity();
  };

  static Metric metric(std::string name, double value) {
    if (std::isfinite(value)) return {.name = std::move(name), .value = value, .reason = {}};
    return undefined(std::move(name), "every example is a class and a cluster of its own");
  }

  /// Each next centre is an example, drawn by its squared distance from the nearest centre so far.
  static MatrixF seeds(const MatrixF& points, std::int64_t k, Random random) {
    const std::int64_t n = points.rows();
    MatrixF centres(k, points.cols());
    std::vector<double> squares(static_cast<std::size_t>(n),
                                std::numeric_limits<double>::infinity());
    std::int64_t chosen = random.below(n);
    for (std::int64_t c = 0;; ++c) {
      centres.row(c) = points.row(chosen);
      if (c + 1 == k) return centres;
      double total = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        double& square = squares[static_cast<std::size_t>(i)];
        square = std::min<double>(square, (points.row(i) - centres.row(c)).squaredNorm());
        total += square;
      }
      chosen = random.below(n);  // where all are duplicates of centres
      double rest = random.uniform() * total;
      for (std::int64_t i = 0; i < n; ++i) {
        const double square = squares[static_cast<std::size_t>(i)];
        if (square <= 0) continue;
        chosen = i;
        if ((rest -= square) < 0) break;
      }
    }
  }

  Clusters k_means(const MatrixF& points, std::int64_t k, const Random& random) const {
    const std::int64_t n = points.rows();
    MatrixF centres = seeds(points, k, random);
    Clusters clusters;
    for (std::int64_t iteration = 0;; ++iteration) {
      const auto nearest = nearest_neighbors(points, centres, 1, Distance::squared_euclidean);
      std::vector<std::int32_t> labels(static_cast<std::size_t>(n));
      clusters.inertia = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        labels[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(nearest.indices(i, 0));
        clusters.inertia += nearest.distances(i, 0);
      }
      const bool settled = labels == clusters.labels;
      clusters.labels = std::move(labels);
      if (settled || iteration == max_iterations) return clusters;
      move(points, clusters.labels, nearest, centres);
    }
  }

  static void move(const MatrixF& points, const std::vector<std::int32_t>& labels,
                   const Neighbors<float>& nearest, MatrixF& centres) {
    Matrix sums = Matrix::Zero(centres.rows(), centres.cols());
    std::vector<std::int64_t> sizes(static_cast<std::size_t>(centres.rows()), 0);
    for (std::int64_t i = 0; i < points.rows(); ++i) {
      const std::int32_t c = labels[static_cast<std::size_t>(i)];
      sums.row(c) += points.row(i).cast<double>();
      ++sizes[static_cast<std::size_t>(c)];
    }
    std::vector<std::int64_t> far;  // by falling distance from their centre, once one is needed
    std::size_t next = 0;
    for (std::int64_t c = 0; c < centres.rows(); ++c) {
      if (const std::int64_t size = sizes[static_cast<std::size_t>(c)]; size > 0) {
        centres.row(c) = (sums.row(c) / static_cast<double>(size)).cast<float>();
        continue;
      }
      if (far.empty()) {
        for (std::int64_t i = 0; i < points.rows(); ++i) far.push_back(i);
        std::stable_sort(far.begin(), far.end(), [&](std::int64_t a, std::int64_t b) {
          return nearest.distances(a, 0) > nearest.distances(b, 0);
        });
      }
      centres.row(c) = points.row(far[next++]);
    }
  }

  std::int64_t n_init = 10;
  std::int64_t max_iterations = 300;
};

METRICLAB_PLUGIN(Clustering, "clustering");

}  // namespace
