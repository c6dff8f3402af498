// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/dispersion.hpp>
#include <metriclab/evaluation/neighborhood.hpp>
#include <metriclab/evaluation/spectrum.hpp>

namespace {

using namespace metriclab;

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// What the space of the test part's embeddings is like. Of its classes:
///
///     intra_inter_ratio  mean distance within classes by the mean
///                        distance between classes' means, π_ratio
///     intra_inter_ratio_deviation
///                        the deviation over classes c of
///                        (mean distance within c) by
///                        (mean distance of c's mean to others)
///     fisher_ratio       tr S_w / tr S_b: scatter within classes
///                        by scatter of their means
///     silhouette, alignment, uniformity
///                        as evaluation/dispersion.hpp has them
///
/// of its directions, by the singular values of the centred embeddings (evaluation/spectrum.hpp):
///
///     effective_rank, participation_ratio, spectral_decay
///
/// of its neighbourhoods (evaluation/neighborhood.hpp):
///
///     hubness            skewness of how often an example is among
///                        the hub_neighbors nearest of another
///     antihubs           the part that never is
///     dimension          the intrinsic one, by the likelihood of
///                        dimension_neighbors distances
///     dimension_two_nn   by the first two distances
///
/// and of how much it rests on single dimensions:
///
///     recall_at_1_half   the part of the examples whose nearest
///                        other example is of their class, when a
///                        random half of the dimensions is dropped
///
/// the mean over n_masks draws, of the examples that have another of their class. Higher is better
/// for silhouette and recall_at_1_half; the others describe, and rank nothing. Curves:
/// intra_inter_ratio of each class, the spectrum σ_i / Σσ, and recall_at_1 over the share of
/// dimensions kept (1, 0.75, 0.5, 0.25, 0.1; one dimension at least).
///
/// Distances are Euclidean, for cosine of embeddings scaled to length 1, for dot of embeddings as
/// they are; recall goes by the embeddings' own distance. Under other distances there is no value.
/// What goes over all pairs (mean distances within classes, silhouette, alignment, uniformity,
/// recall) is measured on at most max_examples, drawn from the evaluation's stream; the rest on
/// all. Without classes what needs them is NaN, and so is what is 0/0 or without end.
class Space final : public Evaluator {
 public:
  static void describe(Description<Space>& is) {
    is.summary(
        "diagnostics of the space: spread of classes, spectrum, hubness, intrinsic dimension, "
        "dropped dimensions");
    is.source(
        "Roth, Milbich, Sinha, Gupta, Ommer, Cohen. Revisiting training strategies and "
        "generalization performance in deep metric learning. ICML 2020");
    is.source(
        "Rousseeuw. Silhouettes: a graphical aid to the interpretation and validation of cluster "
        "analysis. Journal of Computational and Applied Mathematics 1987");
    is.source(
        "Wang, Isola. Understanding contrastive representation learning through alignment and "
        "uniformity on the hypersphere. ICML 2020");
    is.source(
        "Roy, Vetterli. The effective rank: a measure of effective dimensionality. EUSIPCO "
        "2007");
    is.source(
        "Radovanović, Nanopoulos, Ivanović. Hubs in space: popular nearest neighbors in "
        "high-dimensional data. JMLR 2010");
    is.source("Levina, Bickel. Maximum likelihood estimation of intrinsic dimension. NIPS 2004");
    is.source(
        "Facco, d'Errico, Rodriguez, Laio. Estimating the intrinsic dimension of datasets by a "
        "minimal neighborhood information. Scientific Reports 2017");
    is.cost(
        "O(n² · d + n · d² + d³ + n_masks · m² · d) time, mostly matrix products, for m = "
        "min(n, max_examples); O(n · d + d² + classes · d) memory");
    is.parameter("max_examples", &Space::max_examples,
                 "of how many examples all pairs are measured, at most")
        .at_least(2);
    is.parameter("hub_neighbors", &Space::hub_neighbors,
                 "how many nearest an example may be among to be a hub")
        .at_least(1);
    is.parameter("dimension_neighbors", &Space::dimension_neighbors,
                 "how many nearest tell the intrinsic dimension")
        .at_least(2);
    is.parameter("n_masks", &Space::n_masks,
                 "how many times dimensions to be dropped are drawn for each share")
        .at_least(1);
  }

  bool compares(Distance distance) const override {
    return distance == Distance::euclidean || distance == Distance::squared_euclidean ||
           distance == Distance::cosine || distance == Distance::dot;
  }
  bool needs_labels() const override { return false; }

  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    MatrixF points = input.test.embeddings;
    if (input.distance == Distance::cosine)
      for (std::int64_t i = 0; i < points.rows(); ++i)
        if (const double norm = points.row(i).cast<double>().norm(); norm > 0)
          points.row(i) = (points.row(i).cast<double>() / norm).cast<float>();
    const bool labelled = !input.test.columns.empty();
    const std::vector<std::int32_t> labels =
        labelled ? input.test.labels()
                 : std::vector<std::int32_t>(static_cast<std::size_t>(points.rows()), 0);

    Measurement is{std::vector<Metric>{}};
    Indices some;
    for (std::int64_t i = 0; i < points.rows(); ++i) some.push_back(i);
    if (points.rows() > max_examples) {
      some = input.random.child("examples").sample(points.rows(), max_examples);
      std::sort(some.begin(), some.end());
    }
    std::vector<std::int32_t> some_labels;
    for (std::int64_t i : some) some_labels.push_back(labels[static_cast<std::size_t>(i)]);
    spread(points, labels, pair_means(points(some, Eigen::all), some_labels), is);
    directions(points, is);
    neighborhoods(points, input.threads, is);
    // By the distance itself: what was scaled to length 1 is not, once dimensions are dropped.
    dropped(input.test.embeddings(some, Eigen::all), some_labels, input, is);
    if (points.rows() == 0) explain(is.metrics, "the test part is empty");
    if (!labelled)
      for (Metric& metric : is.metrics)
        if (metric.name.starts_with("intra_inter") || metric.name == "fisher_ratio" ||
            metric.name == "silhouette" || metric.name == "alignment" ||
            metric.name == "recall_at_1_half")
          metric = undefined(metric.name, "the data set has no classes", metric.better);
    return is;
  }

 private:
  static void explain(std::vector<Metric>& metrics, const std::string& reason) {
    for (Metric& metric : metrics) metric = undefined(metric.name, reason, metric.better);
  }
  /// `reason` holds where there is no finite value.
  static void add(Measurement& is, std::string name, double value, std::string reason,
                  Better better = Better::neither) {
    if (std::isfinite(value))
      is.metrics.push_back(
          {.name = std::move(name), .value = value, .better = better, .reason = {}});
    else
      is.metrics.push_back(undefined(std::move(name), std::move(reason), better));
  }

  static void spread(const MatrixF& points, const std::vector<std::int32_t>& labels,
                     const PairMeans& pairs, Measurement& is) {
    const ClassMeans means = class_means(points, labels);
    Curve curve{.name = "intra_inter_ratio", .unit = "class", .at = {}, .values = {}};
    for (const auto& [label, intra] : pairs.intra)
      if (const double ratio = intra / means.inter.at(label); std::isfinite(ratio)) {
        curve.at.push_back(label);
        curve.values.push_back(ratio);
      }
    const auto n = static_cast<double>(curve.values.size());
    double mean = 0, squares = 0;
    for (double ratio : curve.values) mean += ratio / n;
    for (double ratio : curve.values) squares += (ratio - mean) * (ratio - mean) / n;
    const std::string lacking = means.inter.size() < 2 ? "the test part has one class only"
                                : pairs.intra.empty()
                                    ? "no class has two examples among those measured"
                                    : "the means of all classes coincide";
    add(is, "intra_inter_ratio", pairs.intra_mean / means.inter_mean, lacking);
    add(is, "intra_inter_ratio_deviation", n > 1 ? std::sqrt(squares) : kUndefined,
        n == 1 ? "one class alone has two examples among those measured" : lacking);
    add(is, "fisher_ratio", means.within / means.between,
        means.inter.size() < 2 ? lacking : "the means of all classes coincide");
    add(is, "silhouette", pairs.silhouette, lacking, Better::higher);
    add(is, "alignment", pairs.alignment, "no class has two examples among those measured");
    add(is, "uniformity", pairs.uniformity, "there is one example only");
    if (!curve.values.empty()) is.curves.push_back(std::move(curve));
  }

  static void directions(const MatrixF& points, Measurement& is) {
    const Vector values = singular_values(points);
    const std::string equal = "all embeddings are equal";
    add(is, "effective_rank", effective_rank(values), equal);
    add(is, "participation_ratio", participation_ratio(values), equal);
    const double decay = spectral_decay(values);
    add(is, "spectral_decay", decay,
        std::isnan(decay) ? equal : "without end: the embeddings don't fill all dimensions");
    if (!(values.sum() > 0)) return;
    Curve curve{.name = "spectrum", .unit = "singular value", .at = {}, .values = {}};
    for (std::int64_t i = 0; i < values.size(); ++i) {
      curve.at.push_back(static_cast<double>(i + 1));
      curve.values.push_back(values[i] / values.sum());
    }
    is.curves.push_back(std::move(curve));
  }

  void neighborhoods(const MatrixF& points, int threads, Measurement& is) const {
    const std::int64_t n = points.rows();
    const std::int64_t most =
        std::min(std::max(hub_neighbors, dimension_neighbors), std::max<std::int64_t>(n - 1, 0));
    const Neighbors<float> found =
        n > 0 ? nearest_neighbors(points, most, Distance::euclidean, threads) : Neighbors<float>{};
    const auto first = [&](std::int64_t k) {
      return Neighbors<float>{.indices = found.indices.leftCols(k),
                              .distances = found.distances.leftCols(k)};
    };
    const std::string few = fmt::format("{} examples are too few", n);
    Hubness hubs{.skewness = kUndefined, .antihubs = kUndefined};
    if (n > hub_neighbors) hubs = hubness(first(hub_neighbors));
    add(is, "hubness", hubs.skewness,
        n > hub_neighbors ? "all are among the nearest equally often" : few);
    add(is, "antihubs", hubs.antihubs, few);
    const double likely =
        n > dimension_neighbors ? likely_dimension(first(dimension_neighbors)) : kUndefined;
    const double two = n > 2 ? two_nn_dimension(first(2)) : kUndefined;
    const auto reason = [&](double value, bool enough) {
      return !enough             ? few
             : std::isnan(value) ? std::string("nearly all examples have duplicates")
                                 : std::string("without end: all neighbours are equally far");
    };
    add(is, "dimension", likely, reason(likely, n > dimension_neighbors));
    add(is, "dimension_two_nn", two, reason(two, n > kFewestForTwo));
  }

  void dropped(const MatrixF& points, const std::vector<std::int32_t>& labels,
               const Evaluation& input, Measurement& is) const {
    const auto members = members_by_class(labels);
    std::vector<bool> counts;
    for (std::int32_t label : labels) counts.push_back(members.at(label).size() > 1);
    const auto all = static_cast<double>(std::count(counts.begin(), counts.end(), true));
    const std::int64_t d = points.cols();
    Curve curve{.name = "recall_at_1", .unit = "share of dimensions", .at = {}, .values = {}};
    double half = kUndefined;
    Random random = input.random.child("dimensions");
    for (double share : {1.0, 0.75, 0.5, 0.25, 0.1}) {
      if (all == 0 || d == 0) break;
      const std::int64_t kept =
          std::max<std::int64_t>(std::llround(share * static_cast<double>(d)), 1);
      const std::int64_t times = kept == d ? 1 : n_masks;
      double right = 0;
      for (std::int64_t time = 0; time < times; ++time) {
        Indices mask = random.sample(d, kept);
        std::sort(mask.begin(), mask.end());
        const auto found =
            nearest_neighbors(MatrixF(points(Eigen::all, mask)), 1, input.distance, input.threads);
        for (std::size_t i = 0; i < labels.size(); ++i) {
          const auto other =
              static_cast<std::size_t>(found.indices(static_cast<std::int64_t>(i), 0));
          right += counts[i] && labels[other] == labels[i];
        }
      }
      curve.at.push_back(share);
      curve.values.push_back(right / static_cast<double>(times) / all);
      if (share == 0.5) half = curve.values.back();
    }
    add(is, "recall_at_1_half", half, "no class has two examples among those measured",
        Better::higher);
    if (!curve.values.empty() && !input.test.columns.empty()) is.curves.push_back(std::move(curve));
  }

  static constexpr std::int64_t kFewestForTwo = 9;
  std::int64_t max_examples = 5000;
  std::int64_t hub_neighbors = 10;
  std::int64_t dimension_neighbors = 20;
  std::int64_t n_masks = 5;
};

METRICLAB_PLUGIN(Space, "space");

}  // namespace
