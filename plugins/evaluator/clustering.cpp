// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/agglomerative.hpp>
#include <metriclab/evaluation/agreement.hpp>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/density.hpp>
#include <metriclab/evaluation/matching.hpp>
#include <metriclab/evaluation/spectral.hpp>
#include <metriclab/neighbors/k_means.hpp>
#include <metriclab/neighbors/search.hpp>
#include <set>

namespace {

using namespace metriclab;

/// How well clusters of the test part's embeddings find its classes again: nmi, ami and ari
/// (their definitions: evaluation/agreement.hpp), f1, purity and accuracy of clusters against
/// labels (evaluation/matching.hpp). `clusters`, how many there are, and `noise`, the part of the
/// examples that are in none, describe and rank nothing.
///
/// `method`: as many clusters as classes are found by
///
///     k_means        the least sum of squares within clusters
///     agglomerative  merging the two nearest, by `linkage`
///                    (evaluation/agglomerative.hpp)
///     spectral       k-means on the k greatest eigenvectors of
///                    the normalised graph of the n_neighbors
///                    nearest, rows scaled to length 1
///                    (evaluation/spectral.hpp)
///
/// and as many as the density shows by
///
///     dbscan         within eps, min_samples of them together
///     hdbscan        at all densities, min_cluster_size at least
///
/// (evaluation/density.hpp). What these call noise is a cluster of its own each when measured.
///
/// k-means: k-means++ seeding; Lloyd's steps until no example changes its cluster; of n_init such
/// runs the one with the least sum of squared distances. An emptied cluster starts again at the
/// example that is farthest from its centre.
///
/// All know only the Euclidean distance: for cosine the embeddings are first scaled to length 1,
/// for dot they are taken as they are. Under the other distances, for which a mean is not the
/// centre of a cluster, there is no value. Fewer than two classes: NaN. Throws Error where there
/// are too few examples for n_neighbors or min_samples, and too many for the memory of a linkage.
/// Differs from the papers: spectral goes by nearest neighbours instead of a Gaussian of all
/// distances (as von Luxburg. A tutorial on spectral clustering. Statistics and Computing 2007,
/// section 2.2). Defaults: n_init, max_iterations, n_neighbors, min_samples and min_cluster_size
/// those of scikit-learn; expected_noise is ours: with less, one bridge makes one cluster of two
/// that are near.
class Clustering final : public Evaluator {
 public:
  static void describe(Description<Clustering>& is) {
    is.summary("clusters against the classes: NMI, AMI, ARI, F1, purity, accuracy");
    is.source(
        "Lloyd. Least squares quantization in PCM. IEEE Transactions on Information Theory 1982");
    is.source("Arthur, Vassilvitskii. k-means++: the advantages of careful seeding. SODA 2007");
    is.source(
        "Vinh, Epps, Bailey. Information theoretic measures for clusterings comparison. JMLR 2010");
    is.source("Hubert, Arabie. Comparing partitions. Journal of Classification 1985");
    is.source(
        "Song, Xiang, Jegelka, Savarese. Deep metric learning via lifted structured feature "
        "embedding. CVPR 2016");
    is.source(
        "Yang, Xu, Nie, Yan, Zhuang. Image clustering using local discriminant models and global "
        "integration. IEEE Transactions on Image Processing 2010");
    is.source(
        "Lance, Williams. A general theory of classificatory sorting strategies. The Computer "
        "Journal 1967");
    is.source("Ng, Jordan, Weiss. On spectral clustering: analysis and an algorithm. NIPS 2001");
    is.source(
        "Ester, Kriegel, Sander, Xu. A density-based algorithm for discovering clusters in large "
        "spatial databases with noise. KDD 1996");
    is.source(
        "Campello, Moulavi, Sander. Density-based clustering based on hierarchical density "
        "estimates. PAKDD 2013");
    is.cost(
        "k_means: O(n_init · steps · n · classes · d) time, mostly matrix products, O(n · d) "
        "memory; "
        "the others O(n² · d) time, and O(n · (d + classes + n_neighbors)) memory, but O(n²) for "
        "the "
        "linkages complete and average");
    is.property("invariant_to_rotation");
    is.property("one_when_separated");
    is.parameter("method", &Clustering::method, "how clusters are found")
        .one_of({"k_means", "agglomerative", "spectral", "dbscan", "hdbscan"});
    is.parameter("n_init", &Clustering::n_init, "how many times k-means starts afresh")
        .at_least(1)
        .unused_when("method", Value::List{"agglomerative", "dbscan", "hdbscan"});
    is.parameter("max_iterations", &Clustering::max_iterations, "Lloyd's steps of a run, at most")
        .at_least(1)
        .unused_when("method", Value::List{"agglomerative", "dbscan", "hdbscan"});
    is.parameter("linkage", &Clustering::linkage, "how far two clusters are from each other")
        .one_of({"ward", "average", "complete", "single"})
        .unused_when("method", Value::List{"k_means", "spectral", "dbscan", "hdbscan"});
    is.parameter("n_neighbors", &Clustering::n_neighbors,
                 "how many nearest examples each is linked to in the graph")
        .at_least(1)
        .unused_when("method", Value::List{"k_means", "agglomerative", "dbscan", "hdbscan"});
    is.parameter("eps", &Clustering::eps, "how far neighbours are at most; null: by expected_noise")
        .at_least(0)
        .unused_when("method", Value::List{"k_means", "agglomerative", "spectral", "hdbscan"});
    is.parameter("expected_noise", &Clustering::expected_noise,
                 "the part of the examples that are noise, for an eps that is null")
        .at_least(0)
        .below(1)
        .unused_when("method", Value::List{"k_means", "agglomerative", "spectral", "hdbscan"});
    is.parameter("min_samples", &Clustering::min_samples,
                 "how many examples, itself among them, a neighbourhood has to be dense")
        .at_least(2)
        .unused_when("method", Value::List{"k_means", "agglomerative", "spectral"});
    is.parameter("min_cluster_size", &Clustering::min_cluster_size,
                 "how many examples a cluster has at least")
        .at_least(2)
        .unused_when("method", Value::List{"k_means", "agglomerative", "spectral", "dbscan"});
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
      return without_values(reason);
    }
    MatrixF points = input.test.embeddings;
    if (input.distance == Distance::cosine) {
      for (std::int64_t i = 0; i < n; ++i)
        if (const double norm = points.row(i).cast<double>().norm(); norm > 0)
          points.row(i) = (points.row(i).cast<double>() / norm).cast<float>();
    }
    std::vector<std::int32_t> found = clusters_of(points, classes, input.random);
    const auto noise = static_cast<double>(std::count(found.begin(), found.end(), -1));
    std::int32_t number = *std::max_element(found.begin(), found.end()) + 1;
    const std::set<std::int32_t> different(found.begin(), found.end());
    for (std::int32_t& cluster : found)
      if (cluster < 0) cluster = number++;
    return {metric("nmi", normalized_mutual_information(labels, found)),
            metric("ami", adjusted_mutual_information(labels, found)),
            metric("ari", adjusted_rand_index(labels, found)),
            metric("f1", pairwise_f1(labels, found)),
            metric("purity", purity(labels, found)),
            metric("accuracy", matched_accuracy(labels, found)),
            {.name = "clusters",
             .value = static_cast<double>(different.size()) - (noise > 0 ? 1 : 0),
             .better = Better::neither,
             .reason = {}},
            {.name = "noise",
             .value = noise / static_cast<double>(n),
             .better = Better::neither,
             .reason = {}}};
  }

 private:
  struct Clusters {
    std::vector<std::int32_t> labels;
    double inertia = std::numeric_limits<double>::infinity();
  };

  static std::vector<Metric> without_values(const std::string& reason) {
    std::vector<Metric> metrics;
    for (const char* name : {"nmi", "ami", "ari", "f1", "purity", "accuracy"})
      metrics.push_back(undefined(name, reason));
    for (const char* name : {"clusters", "noise"})
      metrics.push_back(undefined(name, reason, Better::neither));
    return metrics;
  }

  /// Of each example; −1 for noise.
  std::vector<std::int32_t> clusters_of(const MatrixF& points, std::int64_t k,
                                        const Random& random) const {
    if (method == "k_means") {
      Clusters best;
      for (std::int64_t start = 0; start < n_init; ++start) {
        Clusters clusters = k_means(points, k, random.child(static_cast<std::uint64_t>(start)));
        if (clusters.inertia < best.inertia) best = std::move(clusters);
      }
      return best.labels;
    }
    const Matrix X = points.cast<double>();
    if (method == "agglomerative") return cut(agglomerate(X, linkage_from_string(linkage)), k);
    if (method == "spectral") {
      require_more_than(n_neighbors, "n_neighbors", X.rows());
      Matrix V = greatest_eigenvectors(neighbor_graph(X, n_neighbors), k, random.child("spectral"));
      for (std::int64_t i = 0; i < V.rows(); ++i)
        if (const double norm = V.row(i).norm(); norm > 0) V.row(i) /= norm;
      const Indices found =
          metriclab::k_means(V, k, n_init, max_iterations, random.child("k_means")).cluster;
      return {found.begin(), found.end()};
    }
    require_more_than(min_samples - 1, "min_samples", X.rows());
    if (method == "hdbscan") return hdbscan(X, min_cluster_size, min_samples);
    return dbscan(X, eps ? *eps : dbscan_eps(X, min_samples, expected_noise), min_samples);
  }

  static void require_more_than(std::int64_t least, const char* parameter, std::int64_t n) {
    if (n <= least)
      throw Error(fmt::format(
          "clustering: {} asks for at least {} examples in the test part, which has {}; lower {}",
          parameter, least + 1, n, parameter));
  }

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

  std::string method = "k_means";
  std::int64_t n_init = 10;
  std::int64_t max_iterations = 300;
  std::string linkage = "ward";
  std::int64_t n_neighbors = 10;
  std::optional<double> eps;
  double expected_noise = 0.25;
  std::int64_t min_samples = 5;
  std::int64_t min_cluster_size = 5;
};

METRICLAB_PLUGIN(Clustering, "clustering");

}  // namespace
