// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include <algorithm>
#include <metriclab/evaluation/anomaly_scores.hpp>
#include <metriclab/evaluation/checks.hpp>
#include <metriclab/evaluation/members.hpp>
#include <metriclab/evaluation/roc.hpp>
#include <set>

namespace {

using namespace metriclab;

/// Anomaly detection: each test example gets a score of how far it is from the normal examples of
/// the training part, and the scores are held against which examples are anomalies.
///
/// Normal are the classes named `normal`; where none is named, the class "normal" if there is one,
/// or else the one that most training examples are of (of several the smallest label). All others
/// are anomalies, whose training examples are left out.
///
///     kth_neighbor          the distance to the k-th nearest normal example
///     local_outlier_factor  how much sparser it lies than its k nearest normal examples do
///     mahalanobis           to the nearest mean of a normal class, under their shared covariance
///     center                the distance to the mean of the normal examples
///
/// (formulas and sources: evaluation/anomaly_scores.hpp). An anomaly is a positive, found when its
/// score is at least a threshold:
///
///     auroc              P(a > b) + ½ P(a = b) over an anomaly's score a and a normal example's b
///     average_precision  Σ over thresholds of the gain in recall times the precision
///     fpr_at_95_tpr      the least part of the normal examples above a threshold that at least
///                        95 % of the anomalies reach
///
/// and the curve "roc" (all three: evaluation/roc.hpp). Work on out-of-distribution detection often
/// takes the normal examples for the positives: auroc is the same then, the other two are not.
///
/// No anomaly or no normal example in the test part, no normal example in the training part: NaN.
/// Throws Error for a class that is not there, and where there are too few normal examples for the
/// n_neighbors given.
class Anomaly final : public Evaluator {
 public:
  static void describe(Description<Anomaly>& is) {
    is.summary("anomalies by their distance from normal examples: AUROC, average precision, FPR");
    is.source(
        "Ramaswamy, Rastogi, Shim. Efficient algorithms for mining outliers from large data sets. "
        "SIGMOD 2000 (kth_neighbor)");
    is.source(
        "Breunig, Kriegel, Ng, Sander. LOF: identifying density-based local outliers. SIGMOD 2000");
    is.source(
        "Lee, Lee, Lee, Shin. A simple unified framework for detecting out-of-distribution samples "
        "and adversarial attacks. NeurIPS 2018 (mahalanobis)");
    is.source(
        "Ruff, Vandermeulen, Görnitz, Deecke, Siddiqui, Binder, Müller, Kloft. Deep one-class "
        "classification. ICML 2018 (center)");
    is.source("Fawcett. An introduction to ROC analysis. Pattern Recognition Letters 2006");
    is.cost(
        "kth_neighbor: a search of n_test · n_train · d; local_outlier_factor: n_train² · d more; "
        "mahalanobis: (n_test + n_train) · d² + d³; center: (n_test + n_train) · d");
    is.property("invariant_to_rotation");
    is.parameter("score", &Anomaly::score, "how far an example is from the normal ones")
        .one_of({"kth_neighbor", "local_outlier_factor", "mahalanobis", "center"});
    is.parameter("normal", &Anomaly::normal,
                 "names of the normal classes; none: \"normal\", or the most frequent in training");
    is.parameter("n_neighbors", &Anomaly::n_neighbors,
                 "k; null: 5 for kth_neighbor, 20 for local_outlier_factor, or as many as there "
                 "are")
        .at_least(1)
        .unused_when("score", Value::List{"mahalanobis", "center"});
    is.parameter("shrinkage", &Anomaly::shrinkage,
                 "λ: how far the covariance is drawn to a multiple of the identity")
        .at_least(0)
        .at_most(1)
        .unused_when("score", Value::List{"kth_neighbor", "local_outlier_factor", "center"});
  }

  /// A covariance goes with the Euclidean distances, of cosine between embeddings of length 1; a
  /// density with distances that are not negative.
  bool compares(Distance distance) const override {
    if (score == "mahalanobis")
      return distance == Distance::euclidean || distance == Distance::squared_euclidean ||
             distance == Distance::cosine;
    if (score == "local_outlier_factor" &&
        (distance == Distance::dot || distance == Distance::bilinear))
      return false;
    return Evaluator::compares(distance);
  }
  Measurement evaluate(const Evaluation& input) const override {
    require_finite(input);
    if (input.test.embeddings.rows() == 0) return without_values("the test part is empty");
    if (input.train.embeddings.rows() == 0) return without_values("the training part is empty");
    const std::set<std::int32_t> classes = normal_classes(input.train);
    Indices reference;
    std::vector<std::int32_t> labels;
    for (std::size_t i = 0; i < input.train.labels().size(); ++i) {
      if (!classes.contains(input.train.labels()[i])) continue;
      reference.push_back(static_cast<std::int64_t>(i));
      labels.push_back(input.train.labels()[i]);
    }
    if (reference.empty()) return without_values("no training example is of a normal class");
    const auto n_normal =
        std::count_if(input.test.labels().begin(), input.test.labels().end(),
                      [&](std::int32_t label) { return classes.contains(label); });
    if (n_normal == 0) return without_values("no test example is of a normal class");
    if (n_normal == input.test.embeddings.rows())
      return without_values("all test examples are of normal classes");

    const AnomalyScores scores =
        scored(input, input.train.embeddings(reference, Eigen::all), labels);
    if (!scores.reason.empty()) return without_values(scores.reason);
    // A ROC accepts from the least on.
    std::vector<double> anomalies, normals;
    for (std::size_t i = 0; i < scores.values.size(); ++i)
      (classes.contains(input.test.labels()[i]) ? normals : anomalies).push_back(-scores.values[i]);
    const Roc roc(std::move(anomalies), std::move(normals));
    return {{{.name = "auroc", .value = roc.area(), .reason = {}},
             {.name = "average_precision", .value = roc.average_precision(), .reason = {}},
             {.name = "fpr_at_95_tpr",
              .value = roc.least_fpr(0.95),
              .better = Better::lower,
              .reason = {}}},
            {roc.curve("roc", "false positive rate")}};
  }

 private:
  static std::vector<Metric> without_values(const std::string& reason) {
    return {undefined("auroc", reason), undefined("average_precision", reason),
            undefined("fpr_at_95_tpr", reason, Better::lower)};
  }

  std::set<std::int32_t> normal_classes(const Embedded& train) const {
    const LabelColumn& column = train.columns.front();
    std::set<std::int32_t> classes;
    for (const std::string& name : normal) classes.insert(class_named(column, name));
    if (!classes.empty()) return classes;
    const auto named = std::find(column.classes.begin(), column.classes.end(), "normal");
    if (named != column.classes.end())
      return {static_cast<std::int32_t>(named - column.classes.begin())};
    std::int32_t most = 0;
    std::size_t greatest = 0;
    for (const auto& [label, members] : members_by_class(column.values)) {
      if (members.size() <= greatest) continue;
      greatest = members.size();
      most = label;
    }
    return {most};
  }

  AnomalyScores scored(const Evaluation& input, const MatrixF& reference,
                       const std::vector<std::int32_t>& labels) const {
    const MatrixF& test = input.test.embeddings;
    if (score == "mahalanobis")
      return mahalanobis_scores(test, reference, labels, shrinkage, input.distance);
    if (score == "center") return center_scores(test, reference, input.distance);
    const bool factor = score == "local_outlier_factor";
    const std::int64_t most = reference.rows() - (factor ? 1 : 0);
    if (!n_neighbors && most == 0)
      return {.values = {}, .reason = "a local outlier factor takes two normal examples"};
    if (n_neighbors.value_or(1) > most)
      throw Error(
          fmt::format("anomaly: n_neighbors = {} asks for at least {} examples of normal classes "
                      "in the training part, which has {}; lower n_neighbors",
                      *n_neighbors, *n_neighbors + (factor ? 1 : 0), reference.rows()));
    const std::int64_t k = n_neighbors.value_or(std::min<std::int64_t>(factor ? 20 : 5, most));
    return factor ? local_outlier_factors(test, reference, k, input.distance, input.threads)
                  : kth_neighbor_scores(test, reference, k, input.distance, input.threads);
  }

  std::string score = "kth_neighbor";
  std::vector<std::string> normal;
  std::optional<std::int64_t> n_neighbors;
  double shrinkage = 1e-6;
};

METRICLAB_PLUGIN(Anomaly, "anomaly");

}  // namespace
